/**
 * The controller's side of the resolver: hands what changes to the thread, which starts when somebody is going to ask.
 *
 * What is told is remembered: where the thread breaks down, another begins with it.
 */
import { type NetNamespace, type OwnedFd, openEventFd } from "@causeway/kernel";
import type {
  AddedRecord,
  Membership,
  Resolver,
  ResolverCounts,
  SandboxNames,
  Trace,
} from "../../contracts/names.ts";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { unavailable } from "../../errors.ts";
import { countsIn, countsMemory } from "./counts.ts";
import { failureOf, resolverFailed } from "./failure.ts";
import { ThreadLine } from "./line.ts";
import { PendingTraces } from "./pending-traces.ts";
import type { Failure, Order, ResolverSettings } from "./protocol.ts";
import { takenOver } from "./taken-over.ts";

interface Known {
  readonly place: NamespacePlace;
  readonly attempt: number;
  names: SandboxNames | undefined;
  /** Number of the order to open it, among those of the thread that there is. */
  opening: number;
  /** Of the order after which it is answered: the one before, where its namespace was made ready. */
  order: number;
  /** Until its namespace, which was still being made ready when it was opened, is: no order's number tells. */
  unready: PromiseWithResolvers<void> | undefined;
  failure: Failure | undefined;
}

interface Prepared {
  /** Number of the order to make it ready. */
  readonly order: number;
  isReady: boolean;
}

/** A thread that ends sooner than this after it began could not begin, milliseconds. */
const soon = 1000;
/** How many in a row are tried. */
const tries = 3;

export class ThreadResolver implements Resolver {
  readonly #host: NetNamespace;
  readonly #settings: ResolverSettings;
  readonly #onFailure: (error: unknown) => void;
  readonly #sandboxes = new Map<string, Known>();
  /** Endpoints of other hosts, by id. */
  readonly #peers = new Map<string, SandboxNames>();
  readonly #records = new Map<string, readonly AddedRecord[]>();
  readonly #traces = new PendingTraces();
  readonly #wake: OwnedFd;
  readonly #counts = countsMemory();
  /** Those that are to be ready when somebody opens them, by the namespaces' identities. */
  readonly #prepared = new Map<string, Prepared>();
  /** Those that were opened before they were ready, by the namespaces' identities. */
  readonly #unready = new Map<string, Known>();
  #line: ThreadLine | undefined;
  /** Threads in a row that could not begin. */
  #failures = 0;
  #closed = false;
  #attempts = 0;

  /**
   * Costs nothing until it is started.
   *
   * @param host from which the host's name servers are asked; it may be disposed of afterwards
   * @param onFailure is told that the thread broke down, and another was started; or that something went wrong in it
   */
  constructor(host: NetNamespace, settings: ResolverSettings, onFailure: (error: unknown) => void) {
    const own = host.duplicate();
    this.#host = own;
    this.#wake = takenOver(own, openEventFd);
    this.#settings = settings;
    this.#onFailure = onFailure;
  }

  start(): void {
    if (this.#closed || this.#line !== undefined) return;
    try {
      this.#line = this.#begin();
    } catch (error) {
      // The machine has no thread left: whoever waits is told, and the next one tries again.
      this.#giveUp(failureOf(error));
      this.#onFailure(error);
    }
  }

  prepare(place: NamespacePlace): void {
    // It is a matter of time only, and not worth a thread of its own.
    if (this.#line === undefined) return;
    const order = this.#line.send({ kind: "prepare", place }, { urgent: true });
    this.#prepared.set(place.identity, { order, isReady: false });
  }

  forget({ identity }: NamespacePlace): void {
    if (this.#prepared.delete(identity)) this.#send({ kind: "forget", identity });
  }

  open(sandboxId: string, place: NamespacePlace): void {
    const names = this.#sandboxes.get(sandboxId)?.names;
    const attempt = ++this.#attempts;
    const known: Known = {
      place,
      attempt,
      names,
      opening: 0,
      order: 0,
      unready: undefined,
      failure: undefined,
    };
    this.#sandboxes.set(sandboxId, known);
    if (this.#line === undefined) this.start();
    else this.#open(this.#line, sandboxId, known);
  }

  #open(line: ThreadLine, sandboxId: string, known: Known): void {
    const { place, attempt } = known;
    if (this.#prepared.get(place.identity)?.isReady === false) line.catchUp();
    const prepared = this.#prepared.get(place.identity);
    this.#prepared.delete(place.identity);
    const isReady = prepared?.isReady === true;
    known.opening = line.send({ kind: "open", sandboxId, attempt, place }, { urgent: !isReady });
    known.order = isReady ? prepared.order : known.opening;
    if (prepared?.isReady !== false) return;
    known.unready = Promise.withResolvers();
    this.#unready.set(place.identity, known);
  }

  async opened(sandboxId: string): Promise<void> {
    for (;;) {
      const known = this.#sandboxes.get(sandboxId);
      const line = this.#line;
      if (known === undefined || this.#closed) throw gone();
      const { order } = known;
      const isReached = line?.hasReached(order) ?? true;
      if (known.failure !== undefined) throw resolverFailed(known.failure);
      // It may have become known just now that it was not made ready.
      if (known.order !== order) continue;
      if (line === undefined || (isReached && known.unready === undefined)) return;
      // Where the thread breaks down, there is another, or a failure.
      if (!isReached) await line.ask({ kind: "reach" }).catch(() => undefined);
      else if (known.unready !== undefined) await line.holding(known.unready.promise);
    }
  }

  async obstacle(sandboxId: string): Promise<string | undefined> {
    const known = this.#sandboxes.get(sandboxId);
    if (known === undefined) return "the resolver was not opened in it";
    return known.failure?.message ?? this.#line?.ask({ kind: "obstacle", sandboxId });
  }

  tell(names: SandboxNames): void {
    const known = this.#sandboxes.get(names.sandboxId);
    if (known === undefined) return;
    known.names = names;
    this.#send({ kind: "tell", names });
  }

  tellPeer(peer: Membership): void {
    const names = namesOfPeer(peer);
    this.#peers.set(peer.endpointId, names);
    this.#send({ kind: "tell", names });
  }

  forgetPeer(endpointId: string): void {
    const names = this.#peers.get(endpointId);
    if (names === undefined) return;
    this.#peers.delete(endpointId);
    this.#send({ kind: "close", sandboxId: names.sandboxId });
  }

  close(sandboxId: string): void {
    const known = this.#sandboxes.get(sandboxId);
    if (known === undefined) return;
    this.#sandboxes.delete(sandboxId);
    if (this.#unready.get(known.place.identity) === known) this.#isReady(known.place.identity);
    this.#traces.giveUp(gone(), sandboxId);
    this.#send({ kind: "close", sandboxId });
  }

  trace(sandboxId: string, name: string, type: string): Promise<Trace> {
    const line = this.#line;
    if (line === undefined || !this.#sandboxes.has(sandboxId)) return Promise.reject(gone());
    return this.#traces.add(sandboxId, (number) => {
      line.send({ kind: "trace", number, sandboxId, name, type }, { urgent: true });
      line.hold();
    });
  }

  get counts(): ResolverCounts {
    return countsIn(this.#counts);
  }

  tellRecords(networkId: string, records: readonly AddedRecord[]): void {
    if (records.length === 0) this.#records.delete(networkId);
    else this.#records.set(networkId, records);
    this.#send({ kind: "records", networkId, records });
  }

  /** Ends the thread; sandboxes are not answered any more. */
  async end(): Promise<void> {
    this.#closed = true;
    this.#allAreReady();
    this.#traces.giveUp(gone());
    const line = this.#line;
    this.#line = undefined;
    await line?.end();
    this.#wake[Symbol.dispose]();
    this.#host[Symbol.dispose]();
  }

  /** A thread that is still to start learns of it then. */
  #send(order: Order): void {
    this.#line?.send(order);
  }

  /** With all that is known. */
  #begin(): ThreadLine {
    const line: ThreadLine = new ThreadLine(this.#host, this.#wake, this.#counts, this.#settings, {
      failed: ({ sandboxId, attempt, failure }) => {
        const known = this.#sandboxes.get(sandboxId);
        if (known?.attempt !== attempt) return;
        known.failure = failure;
        this.#isReady(known.place.identity);
      },
      traced: (traced) => this.#traces.settle(traced),
      isAwaited: () => this.#traces.size > 0,
      wentWrong: (message) => this.#onFailure(new Error(`in the resolver's thread: ${message}`)),
      ready: (identity) => {
        const prepared = this.#prepared.get(identity);
        if (prepared !== undefined) prepared.isReady = true;
        this.#isReady(identity);
      },
      unready: (identity) => this.#cannotBeReady(identity),
      brokeDown: (error) => this.#brokeDown(line, error),
    });
    for (const [networkId, records] of this.#records) line.send({ kind: "records", networkId, records });
    for (const names of this.#peers.values()) line.send({ kind: "tell", names });
    for (const [sandboxId, known] of this.#sandboxes) {
      const { names } = known;
      known.failure = undefined;
      this.#open(line, sandboxId, known);
      if (names !== undefined) line.send({ kind: "tell", names });
    }
    return line;
  }

  /** Whoever was opened there has not to wait for it any more. */
  #isReady(identity: string): void {
    const known = this.#unready.get(identity);
    if (known === undefined) return;
    this.#unready.delete(identity);
    known.unready?.resolve();
    known.unready = undefined;
  }

  /** Nobody says it any more. */
  #allAreReady(): void {
    for (const identity of [...this.#unready.keys()]) this.#isReady(identity);
  }

  #cannotBeReady(identity: string): void {
    this.#prepared.delete(identity);
    this.#isReady(identity);
    for (const known of this.#sandboxes.values())
      if (known.place.identity === identity) known.order = known.opening;
  }

  #brokeDown(line: ThreadLine, error: unknown): void {
    if (this.#line !== line) return;
    this.#line = undefined;
    this.#prepared.clear();
    this.#allAreReady();
    const failure = failureOf(error);
    this.#traces.giveUp(resolverFailed(failure));
    this.#onFailure(error);
    this.#failures = performance.now() - line.began < soon ? this.#failures + 1 : 0;
    // The next sandbox tries again.
    if (this.#failures % tries === 0 && this.#failures > 0) this.#giveUp(failure);
    else if (this.#sandboxes.size > 0) this.start();
  }

  #giveUp(failure: Failure): void {
    for (const known of this.#sandboxes.values()) known.failure = failure;
  }
}

function gone(): Error {
  return unavailable("resolver_failed", "the sandbox, or the controller, was closed meanwhile");
}

/** What others find of an endpoint whose sandbox is not here: as of a sandbox that asks nothing. */
function namesOfPeer(peer: Membership): SandboxNames {
  const sandboxId = `peer ${peer.endpointId}`;
  return { sandboxId, memberships: [peer], extraHosts: [], forwards: false, servers: [], options: [] };
}
