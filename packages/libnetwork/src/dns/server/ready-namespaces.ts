/**
 * Namespaces that are ready for questions before a sandbox is opened there: whoever asks meanwhile is refused.
 */
import { type Later, NetNamespace } from "@causeway/kernel";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { unavailable } from "../../errors.ts";
import type { Pieces } from "./pieces.ts";
import { ServedNamespace, type Surroundings } from "./sandbox.ts";
import { SandboxSockets } from "./sockets.ts";
import { takenOver } from "./taken-over.ts";

export interface ThreadSurroundings extends Surroundings {
  readonly later: Later;
}

/** Is told what became of one. */
export interface ReadyListener {
  /** Its rules stand, whether or not somebody was opened there meanwhile. */
  ready(identity: string): void;
  /** Whoever opens it is told why. */
  unready(identity: string): void;
  /** Somebody was opened there, and its rules cannot be made. */
  failed(identity: string, error: unknown): void;
}

export class ReadyNamespaces implements Disposable {
  /** By their identities. */
  readonly #ready = new Map<string, ServedNamespace>();
  /** Those that are still being made, by their identities, the next first. Some of them have been opened meanwhile. */
  readonly #unfinished = new Map<string, Pieces<void>>();
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
    this.#unfinished.set(identity, this.#make(place));
    this.#goOnSoon();
  }

  /** Nothing is wrong with one that is not ready. */
  forget(identity: string): void {
    this.#giveUp(identity);
    this.#remove(identity)?.[Symbol.dispose]();
  }

  /**
   * One that was made ready, where it still is as it should be, or else a new one. It is the caller's. Where its rules are still to be made, that goes
   * on, and the listener is told.
   *
   * @throws KernelError, namespace_gone
   */
  take(place: NamespacePlace): ServedNamespace {
    const { identity } = place;
    const isAwaited = this.#unfinished.has(identity);
    this.#hasten(identity);
    const ready = this.#remove(identity);
    if (ready !== undefined && isWhole(ready.sockets)) return ready;
    ready?.[Symbol.dispose]();
    this.#giveUp(identity);
    const { later } = this.#surroundings;
    const sockets = SandboxSockets.open(() => opened(place), this.#owner, later);
    const made = new ServedNamespace(sockets, this.#surroundings);
    if (isAwaited) this.#listener.ready(identity);
    return made;
  }

  *#make(place: NamespacePlace): Pieces<void> {
    const { identity } = place;
    let sockets: SandboxSockets;
    try {
      sockets = yield* SandboxSockets.begin(() => opened(place), this.#owner, this.#surroundings.later);
      this.#ready.set(identity, new ServedNamespace(sockets, this.#surroundings));
    } catch {
      this.#listener.unready(identity);
      return;
    }
    try {
      yield* sockets.makeRules();
      this.#listener.ready(identity);
    } catch {
      this.#fellShort(identity, sockets);
    }
  }

  /** One that nobody was opened in is let go of. */
  #fellShort(identity: string, sockets: SandboxSockets): void {
    const ready = this.#remove(identity);
    if (ready !== undefined) {
      ready[Symbol.dispose]();
      this.#listener.unready(identity);
      return;
    }
    try {
      sockets.mendRules();
      this.#listener.ready(identity);
    } catch (error) {
      this.#listener.failed(identity, error);
    }
  }

  /** Somebody is opened there: its sockets are made at once. */
  #hasten(identity: string): void {
    const pieces = this.#unfinished.get(identity);
    if (pieces === undefined) return;
    while (!this.#ready.has(identity)) if (pieces.next().done === true) return;
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
    const [next] = this.#unfinished;
    if (next === undefined) return;
    const [identity, pieces] = next;
    if (pieces.next().done === true) this.#unfinished.delete(identity);
    if (this.#unfinished.size > 0) this.#goOnSoon();
  }

  #giveUp(identity: string): void {
    this.#unfinished.get(identity)?.return();
    this.#unfinished.delete(identity);
  }

  #remove(identity: string): ServedNamespace | undefined {
    const ready = this.#ready.get(identity);
    this.#ready.delete(identity);
    return ready;
  }

  [Symbol.dispose](): void {
    for (const identity of [...this.#unfinished.keys()]) this.#giveUp(identity);
    for (const ready of this.#ready.values()) ready[Symbol.dispose]();
    this.#ready.clear();
  }
}

function isWhole(sockets: SandboxSockets): boolean {
  try {
    return sockets.isWhole;
  } catch {
    // Where the kernel does not say, another is made, and tells if it is so again.
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
