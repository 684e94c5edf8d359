/**
 * Namespaces that are ready for questions before a sandbox is opened there: whoever asks meanwhile is refused.
 */
import { type Later, NetNamespace } from "@causeway/kernel";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { unavailable } from "../../errors.ts";
import { ServedNamespace, type Surroundings } from "./sandbox.ts";
import { SandboxSockets } from "./sockets.ts";
import { takenOver } from "./taken-over.ts";

export interface ThreadSurroundings extends Surroundings {
  readonly later: Later;
}

/** Is told what became of one. */
export interface ReadyListener {
  ready(identity: string): void;
  /** Whoever opens it is told why. */
  unready(identity: string): void;
}

export class ReadyNamespaces implements Disposable {
  /** By their identities. */
  readonly #ready = new Map<string, ServedNamespace>();
  /** Those of them whose rules are still to be made, the next first: questions are answered in between. */
  readonly #unfinished = new Set<string>();
  #isGoingOn = false;
  readonly #owner: string;
  readonly #surroundings: ThreadSurroundings;
  readonly #listener: ReadyListener;

  /** @param owner whose the rules in them are */
  constructor(owner: string, surroundings: ThreadSurroundings, listener: ReadyListener) {
    this.#owner = owner;
    this.#surroundings = surroundings;
    this.#listener = listener;
  }

  /** Costs least where nobody was ever in the namespace. */
  prepare(place: NamespacePlace): void {
    const { identity } = place;
    this.forget(identity);
    try {
      const sockets = SandboxSockets.begin(opened(place), this.#owner, this.#surroundings.later);
      this.#ready.set(identity, new ServedNamespace(sockets, this.#surroundings));
    } catch {
      this.#listener.unready(identity);
      return;
    }
    this.#unfinished.add(identity);
    this.#goOnSoon();
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
    if (ready !== undefined && isWhole(ready.sockets)) return ready;
    ready?.[Symbol.dispose]();
    const { later } = this.#surroundings;
    return new ServedNamespace(SandboxSockets.open(opened(place), this.#owner, later), this.#surroundings);
  }

  /** When what is ready at the moment has been visited. */
  #goOnSoon(): void {
    if (this.#isGoingOn) return;
    this.#isGoingOn = true;
    this.#surroundings.later(0, () => {
      this.#isGoingOn = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    const [identity] = this.#unfinished;
    if (identity === undefined) return;
    try {
      if (this.#ready.get(identity)?.sockets.makeMore() === false) {
        this.#unfinished.delete(identity);
        this.#listener.ready(identity);
      }
    } catch {
      this.forget(identity);
      this.#listener.unready(identity);
    }
    this.#goOnSoon();
  }

  #remove(identity: string): ServedNamespace | undefined {
    const ready = this.#ready.get(identity);
    this.#ready.delete(identity);
    this.#unfinished.delete(identity);
    return ready;
  }

  [Symbol.dispose](): void {
    for (const ready of this.#ready.values()) ready[Symbol.dispose]();
    this.#ready.clear();
    this.#unfinished.clear();
  }
}

/** What is still to be made of it is made now. */
function isWhole(sockets: SandboxSockets): boolean {
  try {
    while (sockets.makeMore());
    return sockets.isWhole;
  } catch {
    // Whatever it was, an answer of the kernel's that was cut off among others: another is made, and tells if it is so again.
    return false;
  }
}

/** @throws namespace_gone, KernelError */
function opened({ path, identity }: NamespacePlace): NetNamespace {
  const namespace = NetNamespace.open(path);
  return takenOver(namespace, () => {
    if (namespace.identity === identity) return namespace;
    // Its descriptor, or file, may be another's by now.
    throw unavailable("namespace_gone", `at ${path} there is another network namespace, or none`);
  });
}
