/**
 * The resolver's thread: every sandbox that is answered, the names that they see, and whoever else is asked.
 */
import { NetNamespace } from "@causeway/kernel";
import { CausewayError, messageOf } from "../../errors.ts";
import type { ResolvConf } from "../resolv-conf.ts";
import type { Channels, Forwarder, Server } from "../upstream/contract.ts";
import { mannerOf } from "../upstream/manner.ts";
import { Zone } from "../zone/zone.ts";
import { AnsweringSandbox } from "./answering.ts";
import { SocketChannels } from "./channels.ts";
import { type AnswerCounts, PublishedCounts } from "./counts.ts";
import { HostServers } from "./host-servers.ts";
import type { Loop } from "./loop.ts";
import type { Order, Report, ResolverSettings, Traced } from "./protocol.ts";
import { ServedSandbox, type Surroundings } from "./sandbox.ts";
import { openSockets } from "./sockets.ts";
import { type TraceSetting, traceQuestion } from "./tracing.ts";

const dnsPort = 53;
/** What stands for the host's namespace; sandboxes' have their ids. */
const hostKey = "host";

export class ServedNames implements Disposable {
  readonly #zone = new Zone();
  readonly #sandboxes = new Map<string, ServedSandbox>();
  readonly #surroundings: Surroundings;
  readonly #host: NetNamespace;
  readonly #hostServers: HostServers;
  readonly #report: (report: Report) => void;
  readonly #channels: SocketChannels;
  readonly #forwarder: Forwarder;
  readonly #tracing: TraceSetting;
  #seenHost: ResolvConf | undefined;
  readonly #answers: AnswerCounts = { questions: 0, found: 0, private: 0 };
  #hasEnded = false;

  constructor(
    surroundings: Surroundings,
    hostNamespaceFd: number,
    { hostResolvConf }: ResolverSettings,
    makeForwarder: (channels: Channels) => Forwarder,
    report: (report: Report) => void,
  ) {
    this.#surroundings = surroundings;
    this.#host = NetNamespace.ofFd(hostNamespaceFd);
    const { timers }: Loop = surroundings.loop;
    this.#hostServers = new HostServers(hostResolvConf, () => timers.now());
    this.#report = report;
    this.#tracing = { hostKey, now: () => timers.now() };
    this.#channels = new SocketChannels(surroundings.loop, (key) =>
      key === hostKey ? this.#host : this.#sandboxes.get(key)?.sockets.namespace,
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
      case "open":
        this.#open(order.sandboxId, order.namespacePath, order.owner);
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
      case "end":
        this.#hasEnded = true;
    }
  }

  #open(sandboxId: string, namespacePath: string, owner: string): void {
    this.#close(sandboxId);
    try {
      const sockets = openSockets(sandboxId, namespacePath, owner);
      const client = this.#forwarder.client([]);
      const answering = (sandbox: ServedSandbox) =>
        new AnsweringSandbox(this.#zone, sandbox.id, client, this.#answers, () =>
          this.#refreshServers(sandbox),
        );
      const sandbox = new ServedSandbox(sandboxId, sockets, client, this.#surroundings, answering);
      this.#sandboxes.set(sandboxId, sandbox);
      this.#report({ kind: "opened", sandboxId });
    } catch (error) {
      this.#report({ kind: "opened", sandboxId, failure: messageOf(error) });
    }
  }

  #trace({ number, sandboxId, name, type }: Order & { kind: "trace" }): void {
    const report = (answer: Omit<Traced, "kind" | "number">) =>
      this.#report({ kind: "traced", number, ...answer });
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
    this.#host[Symbol.dispose]();
  }
}
