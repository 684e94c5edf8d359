/**
 * BridgeDriver: a network is a bridge of the host, an endpoint a pair of virtual ethernet links with one end on it.
 */

import { address, link, type NetNamespace, type Reaper, type Rtnl } from "@causeway/kernel";
import { addressOf } from "../../address/cidr.ts";
import { familyOf } from "../../address/ip.ts";
import type { ConnectionFilter, ConnectionTable } from "../../contracts/connections.ts";
import type {
  Driver,
  DriverMemory,
  DriverTraits,
  EndpointSpec,
  EndpointState,
  JoinAnswer,
  NetworkSpec,
  PortBinding,
  PortMapping,
} from "../../contracts/driver.ts";
import type { Firewall } from "../../contracts/firewall.ts";
import type { PortReservations } from "../../contracts/ports.ts";
import type { PlainData } from "../../contracts/store.ts";
import { conflict, invalid, notFound } from "../../errors.ts";
import { completeObjectOf, withDefault } from "../../options/defaults.ts";
import { boolean, parseObject } from "../../options/parse.ts";
import { type BridgeState, makeBridge, needsLoopback, removeBridge } from "./bridge-link.ts";
import { Departures } from "./departures.ts";
import { Forwarding } from "./forwarding.ts";
import { refuseHostOverlap } from "./host-overlap.ts";
import { NeighbourMemory } from "./neighbour-memory.ts";
import { hostAddresses, type NetworkPlan, planNetwork } from "./network-plan.ts";
import { parseNetworkOptions } from "./options.ts";
import { portPolicy, publishedPorts } from "./policies.ts";
import { planPublishing } from "./publishing.ts";

/** What the driver works with. */
export interface BridgeDriverParts {
  /** The host's namespace, and a connection to rtnetlink in it. */
  readonly host: NetNamespace;
  readonly rtnl: Rtnl;
  readonly connections: ConnectionTable;
  readonly reaper: Reaper;
  readonly firewall: Firewall;
  readonly ports: PortReservations;
  readonly memory: DriverMemory;
  /** Alias of a link in the kernel, for the id of what it belongs to. */
  readonly ownerOf: (objectId: string) => string;
}

const configTable = {
  /** Turn on forwarding in the host when a network needs it. Default: true. */
  enableForwarding: withDefault(boolean, true),
  /** Where we turned it on: let traffic between interfaces that are not ours be forwarded too. Default: false. */
  allowForeignForwarding: withDefault(boolean, false),
};
const parseConfig = completeObjectOf(configTable);

interface BridgeNetwork extends NetworkPlan {
  readonly bridge: BridgeState;
  readonly endpoints: Map<string, BridgeEndpoint>;
  readonly neighbours: NeighbourMemory;
}

interface BridgeEndpoint {
  readonly spec: EndpointSpec;
  bindings: readonly PortBinding[];
  joined: boolean;
}

/** `veth` and as much of an endpoint's id as a link's name has room for. */
function hostInterfaceName(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}

export class BridgeDriver implements Driver {
  readonly type = "bridge";
  readonly scope = "local";
  readonly traits: DriverTraits = { singleton: false, addressless: false, sharesHost: false };
  readonly #parts: BridgeDriverParts;
  readonly #forwarding: Forwarding;
  readonly #networks = new Map<string, BridgeNetwork>();
  readonly #networkOfBridge = new Map<string, string>();
  readonly #departures = new Departures();

  /** @param config the driver's own configuration: `enableForwarding`, `allowForeignForwarding` */
  constructor(parts: BridgeDriverParts, config: unknown) {
    const { enableForwarding: enable, allowForeignForwarding } = parseConfig(config, "drivers.bridge");
    this.#parts = parts;
    const foreign = allowForeignForwarding ? "allow" : "drop";
    this.#forwarding = new Forwarding({ enable, foreign }, parts);
  }

  validateNetwork({ internal, options }: Pick<NetworkSpec, "internal" | "options">): void {
    const { bridgeName } = parseNetworkOptions(options, internal);
    if (bridgeName !== undefined) this.#refuseTaken(bridgeName);
  }

  async createNetwork(spec: NetworkSpec): Promise<PlainData> {
    const plan = planNetwork(spec);
    const { policy } = plan;
    await this.#departures.of(policy.bridge);
    this.#refuseTaken(policy.bridge);
    const { rtnl, firewall } = this.#parts;
    refuseHostOverlap(rtnl, policy);
    const bridge = this.#makeBridge(plan, undefined);
    try {
      this.#forwarding.provideFor(policy);
      firewall.apply({ add: { networks: [policy] } });
    } catch (error) {
      this.#removeBridge(policy.bridge, bridge);
      throw error;
    }
    this.#keep({ ...plan, bridge, endpoints: new Map(), neighbours: new NeighbourMemory() });
    return { foreign: bridge.foreign, added: bridge.added };
  }

  deleteNetwork(networkId: string): void {
    // One that could not be taken up after a restart is not here, and there is nothing of it to take out of use.
    const network = this.#networks.get(networkId);
    if (network === undefined) return;
    const { bridge, policy } = network;
    this.#parts.firewall.apply({ remove: { networks: [policy] } });
    this.#removeBridge(policy.bridge, bridge);
    this.#networks.delete(networkId);
    this.#networkOfBridge.delete(policy.bridge);
  }

  createEndpoint(spec: EndpointSpec): EndpointState {
    const network = this.#network(spec.networkId);
    parseObject({}, spec.options, "endpoint driverOptions");
    const bindings = this.#bind(network, spec, spec.publish);
    network.endpoints.set(spec.id, { spec, bindings, joined: false });
    return { bindings };
  }

  deleteEndpoint(networkId: string, endpointId: string): void {
    const network = this.#network(networkId);
    if (!network.endpoints.delete(endpointId)) return;
    this.#parts.ports.release(endpointId);
  }

  join(networkId: string, endpointId: string): JoinAnswer | Promise<JoinAnswer> {
    // An endpoint that has just left may join again before the last of its links has gone.
    const going = this.#departures.of(hostInterfaceName(endpointId));
    if (going === undefined) return this.#join(networkId, endpointId);
    return going.then(() => this.#join(networkId, endpointId));
  }

  #join(networkId: string, endpointId: string): JoinAnswer {
    const network = this.#network(networkId);
    const endpoint = endpointOf(network, endpointId);
    this.#parts.firewall.apply({ add: itemsOf(network, endpoint) });
    this.#forgetUnanswered(endpoint.bindings);
    endpoint.joined = true;
    const { options, bridge, spec, neighbours } = network;
    neighbours.add(endpoint.spec.interface);
    const gatewayOf = (data: NetworkSpec["ipv4"][number] | undefined, mode: string) =>
      spec.internal || mode === "isolated" || data?.gateway === undefined
        ? undefined
        : addressOf(data.gateway);
    return {
      interface: {
        plan: {
          kind: "veth",
          hostName: hostInterfaceName(endpointId),
          bridgeIndex: bridge.index,
          hairpin: endpoint.bindings.length > 0,
        },
        prefix: options.interfacePrefix,
        mtu: options.mtu,
        announce: {
          count: options.advertiseCount,
          intervalMs: options.advertiseIntervalMs,
          // Neighbours that a bridge of somebody else's leads to may remember anything.
          urgent: bridge.foreign || neighbours.mayBeWrong(endpoint.spec.interface),
        },
      },
      gatewayIpv4: gatewayOf(spec.ipv4[0], options.gatewayModeIpv4),
      gatewayIpv6: gatewayOf(spec.ipv6[0], options.gatewayModeIpv6),
      staticRoutes: [],
    };
  }

  leave(networkId: string, endpointId: string): void {
    const network = this.#network(networkId);
    const endpoint = endpointOf(network, endpointId);
    const { rtnl, firewall, reaper } = this.#parts;
    const name = hostInterfaceName(endpointId);
    // Down, nothing comes in by it any more. The reaper takes it off the bridge, which makes the kernel wait for RCU once more.
    const [refused] = rtnl.attempt([link.change({ name }, { up: false })]);
    if (refused === undefined) this.#departures.expect(name, reaper.deleteLink({ name }));
    endpoint.joined = false;
    firewall.apply({ remove: itemsOf(network, endpoint) });
    this.#forgetEndpoint(endpoint.spec);
  }

  publish(networkId: string, endpointId: string, mappings: readonly PortMapping[]): EndpointState {
    const network = this.#network(networkId);
    const endpoint = endpointOf(network, endpointId);
    const { firewall, ports, rtnl } = this.#parts;
    const added = this.#bind(network, endpoint.spec, mappings);
    try {
      if (endpoint.joined) {
        const selector = { name: hostInterfaceName(endpointId) };
        rtnl.execute(link.change(selector, { info: { slaveKind: "bridge", bridgePort: { hairpin: true } } }));
        firewall.apply({ add: { published: publishedPorts(added, network.policy.bridge, network.routed) } });
        this.#forgetUnanswered(added);
      }
    } catch (error) {
      ports.release(endpointId, added);
      throw error;
    }
    endpoint.bindings = [...endpoint.bindings, ...added];
    return { bindings: endpoint.bindings };
  }

  async unpublish(
    networkId: string,
    endpointId: string,
    bindings: readonly PortBinding[],
  ): Promise<EndpointState> {
    const network = this.#network(networkId);
    const endpoint = endpointOf(network, endpointId);
    const going = new Set(bindings.map(bindingKey));
    const removed = endpoint.bindings.filter((binding) => going.has(bindingKey(binding)));
    const { firewall, ports } = this.#parts;
    if (endpoint.joined) {
      const published = publishedPorts(removed, network.policy.bridge, network.routed);
      firewall.apply({ remove: { published } });
    }
    // While the reaper looks for the connections, the ports are closed.
    const forgotten = endpoint.joined ? this.#forgetPublished(removed) : undefined;
    ports.release(endpointId, removed);
    endpoint.bindings = endpoint.bindings.filter((binding) => !going.has(bindingKey(binding)));
    await forgotten;
    return { bindings: endpoint.bindings };
  }

  endpointOperInfo(networkId: string, endpointId: string): Readonly<Record<string, PlainData>> {
    const network = this.#network(networkId);
    const { spec, joined } = endpointOf(network, endpointId);
    return {
      "com.docker.network.endpoint.macaddress": spec.interface.mac,
      bridge: network.policy.bridge,
      hostInterface: joined ? hostInterfaceName(endpointId) : null,
    };
  }

  restoreNetwork(spec: NetworkSpec, state: PlainData): void {
    const plan = planNetwork(spec);
    const bridge = this.#makeBridge(plan, state as unknown as Pick<BridgeState, "foreign" | "added">);
    this.#parts.firewall.apply({ add: { networks: [plan.policy] } });
    this.#keep({ ...plan, bridge, endpoints: new Map(), neighbours: new NeighbourMemory() });
  }

  /** Forwarding comes last: before the firewall stands, it would let anything through. */
  restored(): void {
    for (const { policy } of this.#networks.values()) this.#forwarding.provideFor(policy);
  }

  restoreEndpoint(spec: EndpointSpec, { bindings }: EndpointState, joined: boolean): void {
    const network = this.#network(spec.networkId);
    const endpoint: BridgeEndpoint = { spec, bindings, joined };
    this.#parts.ports.restore(
      spec.id,
      bindings.filter((binding) => !isRouted(network, binding)),
    );
    if (joined) {
      this.#parts.firewall.apply({ add: itemsOf(network, endpoint) });
      this.#reconnect(network, endpoint);
      network.neighbours.add(spec.interface);
    }
    network.endpoints.set(spec.id, endpoint);
  }

  /** Puts the host's end on the bridge, which may be another one than before. */
  #reconnect({ bridge }: BridgeNetwork, { spec, bindings }: BridgeEndpoint): void {
    const bridgePort = { hairpin: bindings.length > 0 };
    const name = hostInterfaceName(spec.id);
    // Where the link is not there, nothing is to be done here: the model makes it again.
    this.#parts.rtnl.attempt([
      link.change({ name }, { master: bridge.index, up: true }),
      link.change({ name }, { info: { slaveKind: "bridge", bridgePort } }),
    ]);
  }

  async close(): Promise<void> {
    await this.#departures.all();
  }

  #network(networkId: string): BridgeNetwork {
    const network = this.#networks.get(networkId);
    if (network === undefined)
      throw notFound("network_not_found", `the bridge driver has no network ${networkId}`);
    return network;
  }

  #keep(network: BridgeNetwork): void {
    this.#networks.set(network.spec.id, network);
    this.#networkOfBridge.set(network.policy.bridge, network.spec.id);
  }

  #refuseTaken(bridgeName: string): void {
    const networkId = this.#networkOfBridge.get(bridgeName);
    if (networkId === undefined) return;
    const taker = this.#networks.get(networkId)?.spec.name ?? networkId;
    throw conflict(
      "bridge_in_use",
      `bridge "${bridgeName}" is network "${taker}"'s: choose another bridge name`,
    );
  }

  #makeBridge(plan: NetworkPlan, state: Pick<BridgeState, "foreign" | "added"> | undefined): BridgeState {
    const { host, rtnl, ownerOf, firewall } = this.#parts;
    const { spec, options, policy } = plan;
    const settings = {
      name: policy.bridge,
      owner: ownerOf(spec.id),
      mtu: options.mtu,
      addresses: hostAddresses(plan),
      loopback: firewall.translates && needsLoopback(policy),
      linkLocal: policy.ipv6?.gateway !== undefined,
    };
    return { ...makeBridge(host, rtnl, settings), ...state };
  }

  #removeBridge(name: string, bridge: BridgeState): void {
    const { rtnl, reaper } = this.#parts;
    const gone = removeBridge(rtnl, reaper, bridge);
    if (gone !== undefined) this.#departures.expect(name, gone);
  }

  /** Reserves host ports; those of routed families need none. */
  #bind(
    network: BridgeNetwork,
    { id, interface: { ipv4, ipv6 } }: EndpointSpec,
    wanted: readonly PortMapping[],
  ): readonly PortBinding[] {
    if (wanted.length === 0) return [];
    if (network.spec.internal) {
      const message = `network "${network.spec.name}" is internal: nothing can be published from it; use a network that is not`;
      throw invalid("publish_internal", message);
    }
    const addresses = {
      ...(ipv4 === undefined ? {} : { ipv4: addressOf(ipv4) }),
      ...(ipv6 === undefined ? {} : { ipv6: addressOf(ipv6) }),
    };
    const { hostBindingIpv4: defaultHostAddress } = network.options;
    const { routed } = network;
    const { opened, mapped, container } = planPublishing(wanted, addresses, { routed, defaultHostAddress });
    if (mapped.length === 0) return opened;
    return [...this.#parts.ports.reserve(id, container, mapped, defaultHostAddress), ...opened];
  }

  /** Established connections outlive the rules that let them in: the kernel is told to forget those of these bindings. */
  async #forgetPublished(bindings: readonly PortBinding[]): Promise<void> {
    await this.#parts.connections.forget(
      bindings.map(({ protocol, containerAddress, containerPort }) => ({
        protocol,
        replySource: containerAddress,
        replySourcePort: containerPort,
      })),
    );
  }

  /**
   * Who sends datagrams to a port before it is published has a connection already that leads nowhere, and renews it with
   * each: it is forgotten, so that the next one is led to the endpoint.
   */
  #forgetUnanswered(bindings: readonly PortBinding[]): void {
    const datagrams = bindings.filter(({ protocol }) => protocol === "udp");
    if (datagrams.length === 0) return;
    const { rtnl, connections } = this.#parts;
    const own = rtnl.dump(address.list()).map(({ address: ip }) => ip);
    const filters = datagrams.flatMap(({ protocol, hostAddress, hostPort }) => {
      const family = familyOf(hostAddress);
      const meant = isEverywhere(hostAddress) ? own.filter((ip) => familyOf(ip) === family) : [hostAddress];
      return meant.map((ip) => ({ protocol, originalDestination: ip, originalDestinationPort: hostPort }));
    });
    if (filters.length > 0) connections.forgetLater(filters);
  }

  /** Forgets the connections of an endpoint that was cut off. Nobody waits: nothing of it gets through any more. */
  #forgetEndpoint({ interface: { ipv4, ipv6 } }: EndpointSpec): void {
    const filters: ConnectionFilter[] = [];
    for (const cidr of [ipv4, ipv6]) {
      if (cidr === undefined) continue;
      const address = addressOf(cidr);
      filters.push({ replySource: address }, { originalSource: address });
    }
    if (filters.length > 0) this.#parts.connections.forgetLater(filters);
  }
}

const isEverywhere = (ip: string) => ip === "0.0.0.0" || ip === "::";

function isRouted(network: BridgeNetwork, { containerAddress }: PortBinding): boolean {
  return network.routed.has(familyOf(containerAddress));
}

function bindingKey({ protocol, hostAddress, hostPort }: PortBinding): string {
  return `${protocol} ${hostAddress} ${hostPort}`;
}

function endpointOf(network: BridgeNetwork, endpointId: string): BridgeEndpoint {
  const endpoint = network.endpoints.get(endpointId);
  if (endpoint !== undefined) return endpoint;
  throw notFound("endpoint_not_found", `network "${network.spec.name}" has no endpoint ${endpointId}`);
}

/** What the firewall holds for an endpoint. */
function itemsOf({ options, policy, routed }: BridgeNetwork, { spec, bindings }: BridgeEndpoint) {
  const port = portPolicy(spec.id, hostInterfaceName(spec.id), spec.interface, options);
  const ports = port === undefined ? [] : [port];
  return { ports, published: publishedPorts(bindings, policy.bridge, routed) };
}
