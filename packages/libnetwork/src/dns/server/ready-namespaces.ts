/**
 * Namespaces that are ready for questions before a sandbox is opened there: whoever asks meanwhile is refused.
 */
import { type Later, NetNamespace } from "@causeway/kernel";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { unavailable } from "../../errors.ts";
import { ServedNamespace, type Surroundings } from "./sandbox.ts";
import { SandboxSockets } from "./sockets.ts";

export interface ThreadSurroundings extends Surroundings {
  readonly later: Later;
}

export class ReadyNamespaces implements Disposable {
  /** By their identities. */
  readonly #ready = new Map<string, ServedNamespace>();
  readonly #owner: string;
  readonly #surroundings: ThreadSurroundings;

  /** @param owner whose the rules in them are */
  constructor(owner: string, surroundings: ThreadSurroundings) {
    this.#owner = owner;
    this.#surroundings = surroundings;
  }

  /** @throws KernelError, namespace_gone */
  prepare(place: NamespacePlace): void {
    this.forget(place.identity);
    this.#ready.set(place.identity, this.#open(place));
  }

  /** Nothing is wrong with one that is not ready. */
  forget(identity: string): void {
    this.#remove(identity)?.[Symbol.dispose]();
  }

  /**
   * One that was made ready, where it still is as it should be, or else a new one. It is the caller's.
   *
   * @throws KernelError, namespace_gone
   */
  take(place: NamespacePlace): ServedNamespace {
    const ready = this.#remove(place.identity);
    if (ready?.sockets.isWhole) return ready;
    ready?.[Symbol.dispose]();
    return this.#open(place);
  }

  #remove(identity: string): ServedNamespace | undefined {
    const ready = this.#ready.get(identity);
    this.#ready.delete(identity);
    return ready;
  }

  #open({ path, identity }: NamespacePlace): ServedNamespace {
    const namespace = NetNamespace.open(path);
    // Its descriptor, or file, may be another's by now.
    if (namespace.identity !== identity) {
      namespace[Symbol.dispose]();
      throw unavailable("namespace_gone", `at ${path} there is another network namespace, or none`);
    }
    const { later } = this.#surroundings;
    return new ServedNamespace(SandboxSockets.open(namespace, this.#owner, later), this.#surroundings);
  }

  [Symbol.dispose](): void {
    for (const ready of this.#ready.values()) ready[Symbol.dispose]();
    this.#ready.clear();
  }
}
