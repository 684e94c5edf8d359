/**
 * Ingress: host ports of services, on every host of the cluster. On each host the model has a sandbox of its own in every network whose
 * services publish ports: it is on the gateway bridge as others are, has the host ports, and leads what comes to them to members on all hosts, in
 * its own name. Where members are in sandboxes of this host that are on the gateway bridge, the host leads to these directly, and they see
 * the client's address.
 */
import type { Balancer } from "../../contracts/balancing.ts";
import type { PortMapping } from "../../contracts/driver.ts";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { hasCode, messageOf } from "../../errors.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { announceEndpoint } from "../endpoint-events.ts";
import { prepareEndpoint } from "../endpoint-maker.ts";
import type { Engine } from "../engine.ts";
import { setCarried } from "../gateway/carried-ports.ts";
import { reviewGateway } from "../gateway/review.ts";
import { commitMade } from "../intents/asking.ts";
import { announceJoin, prepareJoin } from "../joining.ts";
import type { NetworkCore } from "../network-core.ts";
import { put } from "../records.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { deleteSandbox } from "../sandbox-deletion.ts";
import { announceSandbox, prepareSandbox } from "../sandbox-maker.ts";
import type { ServiceCore } from "../services/service-core.ts";
import { undoing } from "../undo.ts";
import {
  allTargets,
  areOtherPorts,
  gatewayAddresses,
  led,
  localTargets,
  mappingsOf,
  publishedBy,
  publishedIn,
} from "./published-ports.ts";
import { ToldPorts } from "./told-ports.ts";

/** Until it is tried again where somebody has a host port of a service's. */
const pauseMs = 5000;

export class Ingress {
  readonly #engine: Engine;
  /** Of a sandbox that holds ports, as long as there is one, and of the host. */
  #told = new WeakMap<SandboxCore | Engine, ToldPorts>();
  readonly #again = new Map<string, NodeJS.Timeout>();
  #soon: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** What was warned of, and is so still. */
  #complaints = new Set<string>();
  #isClosed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Members, or ways out, may be others: what stands is brought up to date, once for whatever changes at a time. Nobody waits. */
  touch(): void {
    if (this.#isClosed) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#refresh();
    });
  }

  /** A network has other services, or is gone. What goes wrong is told by a warning, and tried again. */
  async settle(network: NetworkCore): Promise<void> {
    if (this.#isClosed || network.record.shared !== true) return;
    clearTimeout(this.#again.get(network.id));
    this.#again.delete(network.id);
    try {
      await this.#engine.exclusively(
        () => this.#keys(network),
        () => this.#settle(network),
      );
    } catch (error) {
      if (this.#isClosed || this.#engine.isClosed) return;
      // When the store answers again, all is settled again.
      if (hasCode(error, "store_unavailable")) return;
      const message = `ports of services of network "${network.name}" are not published on this host: ${messageOf(error)}`;
      process.emitWarning(message);
      this.#again.set(network.id, setTimeout(() => void this.settle(network), pauseMs).unref());
    }
    this.touch();
  }

  /** A sandbox was found lost: where it held ports nobody but the model makes another. Nobody waits. */
  lost({ record }: SandboxCore): void {
    const network = record.ingress === undefined ? undefined : this.#engine.networks.byId(record.ingress);
    if (network !== undefined) void this.settle(network);
  }

  /** Connections from outside that were led to a member which is gone begin anew. */
  forget(service: ServiceCore, gone: readonly string[]): void {
    const sandbox = this.#sandboxOf(service.network);
    const place = sandbox?.namespace;
    if (sandbox === undefined || place === undefined || publishedBy(service).length === 0) return;
    for (const address of gatewayAddresses(sandbox)) {
      const alike = gone.filter((one) => one.includes(":") === address.includes(":"));
      const led = { id: "", address, members: [] };
      if (alike.length > 0) this.#engine.parts.balancer?.forget(place, led, alike);
    }
  }

  /** What keeps what comes to ports of the host, or of a sandbox that holds them, from members; undefined: nothing. */
  obstacle(sandbox?: SandboxCore): string | undefined {
    const told = this.#told.get(sandbox ?? this.#engine);
    const place = sandbox === undefined ? "host" : sandbox.namespace;
    if (told === undefined || place === undefined || told.isAsTold(place)) return undefined;
    return "the table that leads services' ports to their members is missing or altered";
  }

  /** Makes tables anew: somebody else has altered one. */
  leadAgain(): void {
    this.#told = new WeakMap();
    this.#refresh();
  }

  /** This host leaves the cluster: nothing is published here any more. */
  async remove(): Promise<void> {
    this.close();
    for (const network of this.#engine.networks) {
      const sandbox = this.#sandboxOf(network);
      if (sandbox === undefined) continue;
      await this.#engine.exclusively(
        () => this.#keys(network),
        () => deleteSandbox(sandbox, "delete"),
      );
    }
    this.#engine.parts.balancer?.settleLed("host", []);
  }

  close(): void {
    this.#isClosed = true;
    clearImmediate(this.#soon);
    clearTimeout(this.#retry);
    for (const timer of this.#again.values()) clearTimeout(timer);
  }

  #sandboxOf({ id }: NetworkCore): SandboxCore | undefined {
    const sandbox = this.#engine.sandboxes.byName(containerOf(id));
    return sandbox?.record.ingress === id ? sandbox : undefined;
  }

  #keys(network: NetworkCore): readonly string[] {
    const sandbox = this.#sandboxOf(network);
    const inside = sandbox === undefined ? [] : [sandbox.id, ...[...sandbox.joined].map(({ id }) => id)];
    return [network.id, `container:${containerOf(network.id)}`, ...inside];
  }

  async #settle(network: NetworkCore): Promise<void> {
    const isGone = network.deleted || this.#engine.makeGateway === undefined;
    const wanted = isGone ? [] : mappingsOf(network);
    let sandbox = this.#sandboxOf(network);
    const endpoint = sandbox && endpointIn(sandbox, network);
    if (sandbox !== undefined && (wanted.length === 0 || sandbox.lost || endpoint === undefined)) {
      await deleteSandbox(sandbox, "delete");
      sandbox = undefined;
    }
    if (wanted.length === 0) return;
    if (sandbox === undefined || endpoint === undefined) await this.#make(network, wanted);
    else if (areOtherPorts(endpoint.record.options.publish, wanted)) await setCarried(endpoint, wanted);
  }

  async #make(network: NetworkCore, publish: readonly PortMapping[]): Promise<void> {
    const engine = this.#engine;
    const name = containerOf(network.id);
    const { endpoint, sandbox, turn } = await undoing(async (undo) => {
      const sandbox = prepareSandbox(engine, name, {}, undo);
      // Nobody finds it by a name.
      sandbox.record = { ...sandbox.record, hidden: true, ingress: network.id };
      const endpoint = await prepareEndpoint(network, name, { publish, disableResolution: true }, undo);
      await prepareJoin(endpoint, sandbox, undo);
      const turn = await reviewGateway(sandbox, undo);
      const own = [put("sandbox", sandbox.record), put("endpoint", endpoint.record)];
      await commitMade(engine, undo, ...own, ...turn.changes);
      return { endpoint, sandbox, turn };
    });
    announceSandbox(sandbox);
    announceEndpoint(endpoint);
    announceJoin(endpoint);
    await turn.finish();
  }

  #refresh(): void {
    const { networks, parts } = this.#engine;
    const { balancer } = parts;
    if (this.#isClosed || balancer === undefined) return;
    const published = [...networks].flatMap(publishedIn);
    const local = published.map((port) => led(port, localTargets(port)));
    const before = this.#complaints;
    this.#complaints = new Set();
    this.#attempt(() => this.#toldOf(this.#engine, balancer).tell("host", local));
    for (const network of networks) this.#attempt(() => this.#refreshSandbox(network, balancer));
    for (const complaint of this.#complaints.difference(before)) process.emitWarning(complaint);
  }

  /** What one place refuses keeps nothing from the others, and is tried again. */
  #attempt(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#complaints.add(`ports of services do not lead where they are to: ${messageOf(error)}`);
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.touch();
      }, pauseMs).unref();
    }
  }

  #refreshSandbox(network: NetworkCore, balancer: Balancer): void {
    const sandbox = this.#sandboxOf(network);
    const place = sandbox?.namespace;
    // Until the others are known, what stands from before stays.
    if (sandbox === undefined || place === undefined || sandbox.lost || !network.others.known) return;
    const ports = publishedIn(network).map((port) => led(port, allTargets(port)));
    const told = this.#toldOf(sandbox, balancer).tell(place, ports);
    if (told.some(({ protocol }) => protocol === "udp")) this.#forgetUnled(sandbox, place);
  }

  /**
   * Whoever sent datagrams while there was no member, and goes on from the same port, is of a connection that is led nowhere for as long as
   * it is remembered.
   */
  #forgetUnled(sandbox: SandboxCore, place: NamespacePlace): void {
    for (const address of gatewayAddresses(sandbox))
      this.#engine.parts.balancer?.forget(place, { id: "", address, members: [] }, [address]);
  }

  #toldOf(whom: SandboxCore | Engine, balancer: Balancer): ToldPorts {
    const known = this.#told.get(whom);
    if (known !== undefined) return known;
    const told = new ToldPorts(balancer);
    this.#told.set(whom, told);
    return told;
  }
}

/** It is the model's own. */
export function isIngress({ sandbox }: EndpointCore): boolean {
  return sandbox?.record.ingress !== undefined;
}

const containerOf = (networkId: string) => `ingress-${networkId.slice(0, 12)}`;

function endpointIn(sandbox: SandboxCore, network: NetworkCore): EndpointCore | undefined {
  return [...sandbox.joined].find((endpoint) => endpoint.network === network);
}
