/**
 * The resolver's thread: every sandbox that is answered, the names that they see, and whoever else is asked.
 */
import { type Later, NetNamespace } from "@causeway/kernel";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { CausewayError, messageOf, unavailable } from "../../errors.ts";
import type { ResolvConf } from "../files/resolv-conf.ts";
import type { Channels, Forwarder, Server } from "../upstream/contract.ts";
import { mannerOf } from "../upstream/manner.ts";
import { Zone } from "../zone/zone.ts";
import { AnsweringSandbox } from "./answering.ts";
import { SocketChannels } from "./channels.ts";
import { type AnswerCounts, PublishedCounts } from "./counts.ts";
import { failureOf } from "./failure.ts";
import { HostServers } from "./host-servers.ts";
import type { Loop } from "./loop.ts";
import type { Order, ResolverSettings, Said, Traced } from "./protocol.ts";
import { ServedNamespace, ServedSandbox, type Surroundings } from "./sandbox.ts";
import { SandboxSockets } from "./sockets.ts";
import { type TraceSetting, traceQuestion } from "./tracing.ts";

export interface ThreadSurroundings extends Surroundings {
  readonly later: Later;
}

type OpenOrder = Pick<Extract<Order, { kind: "open" }>, "sandboxId" | "attempt" | "place">;

const dnsPort = 53;
/** Milliseconds until a socket that somebody destroyed is opened again: it may be done as fast as a program goes round. */
const reopenDelay = 200;
/** What stands for the host's namespace; sandboxes' have their ids. */
const hostKey = "host";

export class ServedNames implements Disposable {
  readonly #zone = new Zone();
  readonly #sandboxes = new Map<string, ServedSandbox>();
  /** Namespaces that are ready and not opened, by their identities. */
  readonly #ready = new Map<string, ServedNamespace>();
  readonly #surroundings: ThreadSurroundings;
  readonly #owner: string;
  readonly #host: NetNamespace;
  readonly #hostServers: HostServers;
  readonly #say: (said: Said) => void;
  readonly #channels: SocketChannels;
  readonly #forwarder: Forwarder;
  readonly #tracing: TraceSetting;
  #seenHost: ResolvConf | undefined;
  readonly #answers: AnswerCounts = { questions: 0, found: 0, private: 0 };
  #hasEnded = false;

  constructor(
    surroundings: ThreadSurroundings,
    hostNamespaceFd: number,
    { owner, hostResolvConf }: ResolverSettings,
    makeForwarder: (channels: Channels) => Forwarder,
    say: (said: Said) => void,
  ) {
    this.#surroundings = surroundings;
    this.#owner = owner;
    this.#host = NetNamespace.ofFd(hostNamespaceFd);
    const { timers }: Loop = surroundings.loop;
    this.#hostServers = new HostServers(hostResolvConf, () => timers.now());
    this.#say = say;
    this.#tracing = { hostKey, now: () => timers.now() };
    this.#channels = new SocketChannels(surroundings.loop, (key) =>
      key === hostKey ? this.#host : this.#sandboxes.get(key)?.namespace.sockets.namespace,
    );
    this.#forwarder = makeForwarder(this.#channels);
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
        this.#prepare(order.place);
        break;
      case "forget":
        this.#takeReady(order.identity)?.[Symbol.dispose]();
        break;
      case "open":
        this.#open(order);
        break;
      case "tell":
        this.#zone.set(order.names);
        break;
      case "close":
        this.#close(order.sandboxId);
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

  #prepare(place: NamespacePlace): void {
    const { identity } = place;
    this.#takeReady(identity)?.[Symbol.dispose]();
    try {
      this.#ready.set(identity, this.#openNamespace(place));
    } catch {
      // Whoever opens it is told why.
      this.#say({ kind: "unready", identity });
    }
  }

  #takeReady(identity: string): ServedNamespace | undefined {
    const ready = this.#ready.get(identity);
    this.#ready.delete(identity);
    return ready;
  }

  #openNamespace({ path, identity }: NamespacePlace): ServedNamespace {
    const namespace = NetNamespace.open(path);
    // Its descriptor, or file, may be another's by now.
    if (namespace.identity !== identity) {
      namespace[Symbol.dispose]();
      throw unavailable("namespace_gone", `at ${path} there is another network namespace, or none`);
    }
    const { later } = this.#surroundings;
    return new ServedNamespace(SandboxSockets.open(namespace, this.#owner, later), this.#surroundings);
  }

  #open({ sandboxId, attempt, place }: OpenOrder): void {
    try {
      const served = this.#sandboxes.get(sandboxId);
      if (served?.identity === place.identity && served.namespace.sockets.isWhole)
        served.namespace.sockets.mendRules();
      else this.#serve(sandboxId, place, () => this.#open({ sandboxId, attempt, place }));
    } catch (error) {
      this.#say({ kind: "failed", sandboxId, attempt, failure: failureOf(error) });
    }
  }

  #serve(sandboxId: string, place: NamespacePlace, openAgain: () => void): void {
    this.#leave(sandboxId);
    const { identity } = place;
    const namespace = this.#takeWhole(identity) ?? this.#openNamespace(place);
    const client = this.#forwarder.client([]);
    const answering = (served: ServedSandbox) =>
      new AnsweringSandbox(this.#zone, sandboxId, client, this.#answers, () => this.#refreshServers(served));
    const sandbox = new ServedSandbox({ id: sandboxId, identity, namespace, client }, answering);
    const { timers }: Loop = this.#surroundings.loop;
    namespace.answerBy(sandbox.answering, () =>
      timers.at(timers.now() + reopenDelay, () => {
        if (this.#sandboxes.get(sandboxId) === sandbox) openAgain();
      }),
    );
    this.#sandboxes.set(sandboxId, sandbox);
  }

  #takeWhole(identity: string): ServedNamespace | undefined {
    const ready = this.#takeReady(identity);
    if (ready?.sockets.isWhole !== false) return ready;
    ready[Symbol.dispose]();
    return undefined;
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

  #close(sandboxId: string): void {
    this.#zone.remove(sandboxId);
    this.#leave(sandboxId);
  }

  #leave(sandboxId: string): void {
    this.#sandboxes.get(sandboxId)?.[Symbol.dispose]();
    this.#sandboxes.delete(sandboxId);
    this.#channels.leave(sandboxId);
  }

  /** Before others are asked. Its own servers, asked from within it; those of its networks; or the host's. */
  #refreshServers(sandbox: ServedSandbox): void {
    const names = this.#zone.namesOf(sandbox.id);
    const host = this.#hostConf();
    const [toldNames, toldHost] = sandbox.toldBy ?? [];
    if (sandbox.toldBy !== undefined && toldNames === names && toldHost === host) return;
    sandbox.toldBy = [names, host];
    const own = names?.servers ?? [];
    const ofNetworks = names?.memberships.flatMap(({ servers }) => servers) ?? [];
    const [addresses, namespace] =
      own.length > 0 ? [own, sandbox.id] : [ofNetworks.length > 0 ? ofNetworks : host.nameservers, hostKey];
    // As in the sandbox's resolv.conf.
    const options = names !== undefined && names.options.length > 0 ? names.options : host.options;
    const servers = addresses.map((address): Server => ({ address, port: dnsPort, namespace }));
    sandbox.client.setServers(servers, mannerOf(options));
  }

  #hostConf(): ResolvConf {
    const conf = this.#hostServers.read();
    if (conf !== this.#seenHost) {
      this.#seenHost = conf;
      this.#forwarder.clear();
    }
    return conf;
  }

  [Symbol.dispose](): void {
    for (const sandbox of this.#sandboxes.values()) sandbox[Symbol.dispose]();
    this.#sandboxes.clear();
    this.#channels[Symbol.dispose]();
    for (const ready of this.#ready.values()) ready[Symbol.dispose]();
    this.#ready.clear();
    this.#host[Symbol.dispose]();
  }
}
