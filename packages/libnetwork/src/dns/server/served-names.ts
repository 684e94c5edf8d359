/**
 * The resolver's thread: every sandbox that is answered, the names that they see, and whoever else is asked.
 */
import { type Later, NetNamespace } from "@causeway/kernel";
import { CausewayError, messageOf } from "../../errors.ts";
import type { Channels, Forwarder } from "../upstream/contract.ts";
import { Zone } from "../zone/zone.ts";
import { AnsweringSandbox } from "./answering.ts";
import { SocketChannels } from "./channels.ts";
import { type AnswerCounts, PublishedCounts } from "./counts.ts";
import { failureOf } from "./failure.ts";
import { HostServers } from "./host-servers.ts";
import type { Loop } from "./loop.ts";
import { Backlog, carriedOut, type Pieces } from "./pieces.ts";
import type { Order, ResolverSettings, Said, Traced } from "./protocol.ts";
import { ReadyNamespaces, type ThreadSurroundings } from "./ready-namespaces.ts";
import { ServedSandbox } from "./sandbox.ts";
import { hostKey, ServerChoice } from "./server-choice.ts";
import { type TraceSetting, traceQuestion } from "./tracing.ts";

type OpenOrder = Pick<Extract<Order, { kind: "open" }>, "sandboxId" | "attempt" | "place">;

/** Milliseconds until a socket that somebody destroyed is opened again: it may be done as fast as a program goes round. */
const reopenDelay = 200;

export class ServedNames implements Disposable {
  readonly #zone = new Zone();
  readonly #sandboxes = new Map<string, ServedSandbox>();
  readonly #ready: ReadyNamespaces;
  readonly #backlog: Backlog;
  /** Those that are being closed, by the identities of their namespaces. */
  readonly #closing = new Map<string, Pieces<void>>();
  readonly #later: Later;
  readonly #host: NetNamespace;
  readonly #say: (said: Said) => void;
  readonly #channels: SocketChannels;
  readonly #forwarder: Forwarder;
  readonly #choice: ServerChoice;
  readonly #tracing: TraceSetting;
  readonly #answers: AnswerCounts = { questions: 0, found: 0, private: 0 };
  #hasEnded = false;

  constructor(
    surroundings: ThreadSurroundings,
    hostNamespaceFd: number,
    { owner, hostResolvConf }: ResolverSettings,
    makeForwarder: (channels: Channels) => Forwarder,
    say: (said: Said) => void,
  ) {
    this.#backlog = new Backlog(surroundings.later);
    this.#ready = new ReadyNamespaces(owner, surroundings, this.#backlog, {
      ready: (identity) => say({ kind: "ready", identity }),
      unready: (identity) => say({ kind: "unready", identity }),
      failed: (identity, error) => this.#failed(identity, error),
    });
    this.#later = surroundings.later;
    this.#host = NetNamespace.ofFd(hostNamespaceFd);
    const { timers }: Loop = surroundings.loop;
    this.#say = say;
    this.#tracing = { hostKey, now: () => timers.now() };
    this.#channels = new SocketChannels(surroundings.loop, (key) =>
      key === hostKey ? this.#host : this.#sandboxes.get(key)?.namespace.sockets.namespace,
    );
    this.#forwarder = makeForwarder(this.#channels);
    const hostServers = new HostServers(hostResolvConf, () => timers.now());
    this.#choice = new ServerChoice(this.#zone, hostServers, this.#forwarder);
  }

  /** What it does from now on is counted there. */
  countIn(memory: SharedArrayBuffer): PublishedCounts {
    return new PublishedCounts(memory, this.#answers, this.#forwarder.counts);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  obey(order: Order): void {
    switch (order.kind) {
      case "prepare":
        this.#ready.prepare(order.place);
        break;
      case "forget":
        this.#ready.forget(order.identity);
        break;
      case "open":
        this.#open(order);
        break;
      case "tell":
        this.#zone.set(order.names);
        break;
      case "close":
        this.#forget(order.sandboxId);
        break;
      case "trace":
        this.#trace(order);
        break;
      case "records":
        this.#zone.setRecords(order.networkId, order.records);
        break;
      case "reach":
        this.#say({ kind: "reply", value: undefined });
        break;
      case "obstacle":
        this.#say({ kind: "reply", value: this.#obstacle(order.sandboxId) });
        break;
      case "end":
        this.#hasEnded = true;
    }
  }

  #open({ sandboxId, attempt, place }: OpenOrder): void {
    try {
      const served = this.#sandboxes.get(sandboxId);
      if (served?.identity === place.identity && served.namespace.sockets.isWhole)
        served.namespace.sockets.mendRules();
      else this.#serve({ sandboxId, attempt, place });
    } catch (error) {
      this.#say({ kind: "failed", sandboxId, attempt, failure: failureOf(error) });
    }
  }

  #serve(order: OpenOrder): void {
    const { sandboxId, attempt, place } = order;
    this.#leave(sandboxId);
    this.#finishClosing(place.identity);
    const namespace = this.#ready.take(place);
    const client = this.#forwarder.client([]);
    const chooseServers = this.#choice.chooserOf(sandboxId, client);
    const answering = new AnsweringSandbox(this.#zone, sandboxId, client, this.#answers, chooseServers);
    const { identity } = place;
    const sandbox = new ServedSandbox({ identity, attempt, namespace, client, answering });
    namespace.answerBy(answering, () =>
      this.#later(reopenDelay, () => {
        if (this.#sandboxes.get(sandboxId) === sandbox) this.#open(order);
      }),
    );
    this.#sandboxes.set(sandboxId, sandbox);
  }

  /** It is answered, and nothing leads there. */
  #failed(identity: string, error: unknown): void {
    for (const [sandboxId, sandbox] of this.#sandboxes) {
      if (sandbox.identity !== identity) continue;
      this.#say({ kind: "failed", sandboxId, attempt: sandbox.attempt, failure: failureOf(error) });
    }
  }

  #obstacle(sandboxId: string): string | undefined {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox === undefined) return "the resolver could not be opened in it";
    try {
      return sandbox.namespace.sockets.obstacle();
    } catch (error) {
      return messageOf(error);
    }
  }

  #trace({ number, sandboxId, name, type }: Order & { kind: "trace" }): void {
    const report = (answer: Omit<Traced, "kind" | "number">) =>
      this.#say({ kind: "traced", number, ...answer });
    try {
      const { answering } = this.#sandboxes.get(sandboxId) ?? {};
      if (answering === undefined) report({});
      else traceQuestion(answering, { name, type }, this.#tracing, (trace) => report({ trace }));
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      report({ failure: { code: error.code, message: error.message } });
    }
  }

  #forget(sandboxId: string): void {
    this.#zone.remove(sandboxId);
    this.#leave(sandboxId);
  }

  #leave(sandboxId: string): void {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox === undefined) return;
    this.#sandboxes.delete(sandboxId);
    this.#channels.leave(sandboxId);
    const closing = this.#close(sandbox);
    // Its questions are refused at once.
    if (closing.next().done === true) return;
    this.#closing.set(sandbox.identity, closing);
    this.#backlog.add(closing);
  }

  *#close(sandbox: ServedSandbox): Pieces<void> {
    yield* sandbox.close();
    this.#closing.delete(sandbox.identity);
  }

  /** Its sockets would be in the way of the next ones there. */
  #finishClosing(identity: string): void {
    const closing = this.#closing.get(identity);
    if (closing !== undefined) carriedOut(closing);
  }

  [Symbol.dispose](): void {
    for (const closing of [...this.#closing.values()]) carriedOut(closing);
    for (const sandbox of this.#sandboxes.values()) sandbox[Symbol.dispose]();
    this.#sandboxes.clear();
    this.#channels[Symbol.dispose]();
    this.#ready[Symbol.dispose]();
    this.#host[Symbol.dispose]();
  }
}
