/**
 * Namespaces that are ready for questions before a sandbox is opened there: whoever asks meanwhile is refused.
 */
import { type Later, NetNamespace } from "@causeway/kernel";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { unavailable } from "../../errors.ts";
import { type Backlog, carriedOut, type Pieces } from "./pieces.ts";
import { ServedNamespace, type Surroundings } from "./sandbox.ts";
import { SandboxSockets } from "./sockets.ts";

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
  readonly #backlog: Backlog;
  readonly #owner: string;
  readonly #surroundings: ThreadSurroundings;
  readonly #listener: ReadyListener;

  /** @param owner whose the rules in them are */
  constructor(owner: string, surroundings: ThreadSurroundings, backlog: Backlog, listener: ReadyListener) {
    this.#owner = owner;
    this.#backlog = backlog;
    this.#surroundings = surroundings;
    this.#listener = listener;
  }

  /** Costs least where nobody was ever in the namespace. */
  prepare(place: NamespacePlace): void {
    const { identity } = place;
    this.forget(identity);
    const making = this.#make(place);
    this.#unfinished.set(identity, making);
    this.#backlog.add(making);
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
    const sockets = SandboxSockets.open(carriedOut(opening(place)), this.#owner, later);
    const made = new ServedNamespace(sockets, this.#surroundings);
    if (isAwaited) this.#listener.ready(identity);
    return made;
  }

  *#make(place: NamespacePlace): Pieces<void> {
    const { identity } = place;
    let sockets: SandboxSockets;
    try {
      sockets = yield* this.#serve(place);
    } catch {
      this.#unfinished.delete(identity);
      this.#listener.unready(identity);
      return;
    }
    try {
      yield* sockets.makeRules();
      this.#listener.ready(identity);
    } catch {
      this.#fellShort(identity, sockets);
    }
    this.#unfinished.delete(identity);
  }

  /** From then on it can be taken. */
  *#serve(place: NamespacePlace): Pieces<SandboxSockets> {
    using held = new DisposableStack();
    const { later } = this.#surroundings;
    const namespace = yield* opening(place);
    const sockets = held.use(yield* SandboxSockets.begin(namespace, this.#owner, later));
    yield;
    held.move();
    this.#ready.set(place.identity, new ServedNamespace(sockets, this.#surroundings));
    return sockets;
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

  #giveUp(identity: string): void {
    const making = this.#unfinished.get(identity);
    if (making !== undefined) this.#backlog.remove(making);
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
function* opening({ path, identity }: NamespacePlace): Pieces<NetNamespace> {
  using opened = new DisposableStack();
  const namespace = opened.use(NetNamespace.open(path));
  yield;
  // Its descriptor, or file, may be another's by now.
  if (namespace.identity !== identity)
    throw unavailable("namespace_gone", `at ${path} there is another network namespace, or none`);
  opened.move();
  return namespace;
}
