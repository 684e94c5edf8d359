/**
 * BridgeDriver: a network is a bridge of the host, an endpoint a pair of virtual ethernet links with one end on it.
 */

import type { link, NetNamespace, Rtnl } from "@causeway/kernel";
import type { ConnectionTable } from "../../contracts/connections.ts";
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
  WithheldBinding,
} from "../../contracts/driver.ts";
import type { Firewall, FirewallItems } from "../../contracts/firewall.ts";
import type { PortReservations } from "../../contracts/ports.ts";
import type { PlainData } from "../../contracts/store.ts";
import { unavailable } from "../../errors.ts";
import { parseObject } from "../../options/parse.ts";
import { Departures } from "../departures.ts";
import { refuseStrayAddresses, refuseStrayGateways } from "../placement.ts";
import { type BridgeState, makeBridge, refuseStranger, removeBridge } from "./bridge-link.ts";
import { EndpointPorts } from "./endpoint-ports.ts";
import { Forwarding } from "./forwarding.ts";
import { BridgeHealth } from "./health.ts";
import { cutOff, hostEndName, hostEnds, type LinkReaper, portSettings, reconnect } from "./host-end.ts";
import { refuseHostOverlap } from "./host-overlap.ts";
import { joinAnswer } from "./join-answer.ts";
import { bridgeSettings, type NetworkPlan, planNetwork } from "./network-plan.ts";
import { type BridgeEndpoint, type BridgeNetwork, BridgeNetworks, endpointOf } from "./networks.ts";
import { parseDriverConfig, parseNetworkOptions } from "./options.ts";
import { endpointItems } from "./policies.ts";
import {
  addressesOf,
  forgetAddresses,
  forgetEarlier,
  forgetUnanswered,
  forgetUnguarded,
  unanswered,
} from "./stale-connections.ts";

/** What the driver works with. */
export interface BridgeDriverParts {
  /** The host's namespace, and a connection to rtnetlink in it. */
  readonly host: NetNamespace;
  readonly rtnl: Rtnl;
  readonly connections: ConnectionTable;
  readonly reaper: LinkReaper;
  readonly firewall: Firewall;
  readonly ports: PortReservations;
  readonly memory: DriverMemory;
  /** Alias of a link in the kernel, for the id of what it belongs to. */
  readonly ownerOf: (objectId: string) => string;
}

export class BridgeDriver implements Driver {
  readonly type = "bridge";
  readonly scope = "local";
  readonly traits: DriverTraits = { singleton: false, addressless: false, sharesHost: false, remote: false };
  readonly #parts: BridgeDriverParts;
  readonly #forwarding: Forwarding;
  readonly #ports: EndpointPorts;
  readonly #networks = new BridgeNetworks();
  readonly health: BridgeHealth;
  /** Links that are going, by name. */
  readonly #departures = new Departures();
  /** Connections that are being forgotten, by the address of the endpoint that left. */
  readonly #oldConnections = new Departures();

  #seenHostEnds: ReadonlyMap<string, link.Link> | undefined;

  /** @param config the driver's own configuration: `enableForwarding`, `allowForeignForwarding` */
  constructor(parts: BridgeDriverParts, config: unknown) {
    const { enableForwarding: enable, allowForeignForwarding } = parseDriverConfig(config, "drivers.bridge");
    this.#parts = parts;
    const foreign = allowForeignForwarding ? "allow" : "drop";
    this.#forwarding = new Forwarding({ enable, foreign }, parts);
    this.#ports = new EndpointPorts(parts);
    parts.firewall.onUnguarded(() => this.#forgetUnguarded());
    this.health = new BridgeHealth(parts, this.#networks, this.#forwarding, this.#ports);
  }

  validateNetwork({ internal, options }: Pick<NetworkSpec, "internal" | "options">): void {
    const { bridgeName } = parseNetworkOptions(options, internal);
    if (bridgeName !== undefined) this.#networks.refuseTaken(bridgeName);
  }

  /**
   * The promise is kept when the connections are forgotten that began before the network's rules stood: on a host with
   * many of any kind, some 12 ms later.
   */
  async createNetwork(spec: NetworkSpec): Promise<PlainData> {
    refuseStrayGateways(spec);
    const plan = planNetwork(spec);
    const { policy } = plan;
    await this.#departures.of(policy.bridge);
    this.#networks.refuseTaken(policy.bridge);
    const { connections, rtnl, firewall } = this.#parts;
    refuseHostOverlap(rtnl, policy);
    const bridge = this.#makeBridge(plan);
    try {
      this.#forwarding.provideFor(policy);
      firewall.apply({ add: { networks: [policy] } });
    } catch (error) {
      this.#removeBridge(policy.bridge, bridge);
      throw error;
    }
    this.#networks.add(plan, bridge);
    try {
      await forgetEarlier(connections, policy);
    } catch (error) {
      this.deleteNetwork(spec.id);
      throw error;
    }
    return { foreign: bridge.foreign, added: bridge.added };
  }

  deleteNetwork(networkId: string): void {
    // One that could not be taken up after a restart is not here, and there is nothing of it to take out of use.
    const network = this.#networks.find(networkId);
    if (network === undefined) return;
    const { bridge, policy } = network;
    this.#parts.firewall.apply({ remove: { networks: [policy] } });
    this.#removeBridge(policy.bridge, bridge);
    this.#networks.remove(network);
  }

  createEndpoint(spec: EndpointSpec): EndpointState {
    const network = this.#networks.get(spec.networkId);
    parseObject({}, spec.options, "endpoint driverOptions");
    refuseStrayAddresses(network.spec, spec);
    const bindings = this.#ports.reserve(network, spec, spec.publish);
    network.endpoints.set(spec.id, { spec, bindings, joined: false });
    return { bindings };
  }

  deleteEndpoint(networkId: string, endpointId: string): void {
    // Its network may be one that could not be taken up.
    if (this.#networks.find(networkId)?.endpoints.delete(endpointId) !== true) return;
    this.#ports.release(endpointId);
  }

  join(networkId: string, endpointId: string): JoinAnswer | Promise<JoinAnswer> {
    const { spec } = endpointOf(this.#networks.get(networkId), endpointId);
    const going = [
      // An endpoint that has just left may join again before the last of its links has gone.
      this.#departures.of(hostEndName(endpointId)),
      ...addressesOf(spec.interface).map((address) => this.#oldConnections.of(address)),
    ].filter((gone) => gone !== undefined);
    if (going.length === 0) return this.#join(networkId, endpointId);
    return Promise.all(going).then(() => this.#join(networkId, endpointId));
  }

  #join(networkId: string, endpointId: string): JoinAnswer {
    const network = this.#networks.get(networkId);
    const endpoint = endpointOf(network, endpointId);
    const { connections, firewall, rtnl } = this.#parts;
    const before = unanswered(rtnl, endpoint.bindings);
    firewall.apply({ add: itemsOf(network, endpoint) });
    forgetUnanswered(connections, before);
    endpoint.joined = true;
    network.neighbours.add(endpoint.spec.interface);
    return this.joinAnswer(networkId, endpointId);
  }

  joinAnswer(networkId: string, endpointId: string): JoinAnswer {
    const network = this.#networks.get(networkId);
    const endpoint = endpointOf(network, endpointId);
    return joinAnswer(network, endpoint, this.#parts.firewall.active);
  }

  leave(networkId: string, endpointId: string): void {
    const { connections, firewall, reaper, rtnl } = this.#parts;
    const gone = cutOff(rtnl, reaper, endpointId);
    if (gone !== undefined) this.#departures.expect(hostEndName(endpointId), gone);
    const network = this.#networks.find(networkId);
    const endpoint = network?.endpoints.get(endpointId);
    // What could not be taken up after a restart has nothing else here.
    if (network === undefined || endpoint === undefined) return;
    endpoint.joined = false;
    firewall.apply({ remove: itemsOf(network, endpoint) });
    const addresses = addressesOf(endpoint.spec.interface);
    const forgotten = forgetAddresses(connections, addresses);
    if (forgotten === undefined) return;
    for (const address of addresses) this.#oldConnections.expect(address, forgotten);
  }

  publish(networkId: string, endpointId: string, mappings: readonly PortMapping[]): EndpointState {
    const network = this.#networks.get(networkId);
    const endpoint = endpointOf(network, endpointId);
    this.#ports.add(network, endpoint, mappings);
    return { bindings: endpoint.bindings };
  }

  async unpublish(
    networkId: string,
    endpointId: string,
    bindings: readonly PortBinding[],
  ): Promise<EndpointState> {
    const network = this.#networks.get(networkId);
    const endpoint = endpointOf(network, endpointId);
    await this.#ports.remove(network, endpoint, bindings);
    return { bindings: endpoint.bindings };
  }

  networkOn(linkName: string): string | undefined {
    return this.#networks.on(linkName)?.spec.id;
  }

  endpointOperInfo(networkId: string, endpointId: string): Readonly<Record<string, PlainData>> {
    const network = this.#networks.get(networkId);
    const { spec, joined } = endpointOf(network, endpointId);
    return {
      "com.docker.network.endpoint.macaddress": spec.interface.mac,
      bridge: network.policy.bridge,
      hostInterface: joined ? hostEndName(endpointId) : null,
    };
  }

  restoreNetwork(spec: NetworkSpec, state: PlainData): void {
    const plan = planNetwork(spec);
    const { foreign, added } = readState(state);
    if (!foreign) refuseStranger(this.#parts.rtnl, plan.policy.bridge, this.#parts.ownerOf(spec.id));
    const made = this.#makeBridge(plan);
    // One of somebody else's that is gone has been made by us now.
    const bridge = { ...made, foreign: foreign && made.foreign, added };
    this.#parts.firewall.apply({ add: { networks: [plan.policy] } });
    this.#networks.add(plan, bridge);
  }

  /** Forwarding comes last: before the firewall stands, it would let anything through. */
  restored(): void {
    for (const { policy } of this.#networks) this.#forwarding.provideFor(policy);
  }

  restoreEndpoint(
    spec: EndpointSpec,
    { bindings }: EndpointState,
    joined: boolean,
  ): readonly WithheldBinding[] {
    const network = this.#networks.get(spec.networkId);
    const withheld = this.#ports.restore(network, spec.id, bindings);
    const refused = new Set(withheld.map(({ binding }) => binding));
    const held = bindings.filter((binding) => !refused.has(binding));
    const endpoint: BridgeEndpoint = { spec, bindings: held, joined };
    network.endpoints.set(spec.id, endpoint);
    if (joined) this.#restoreJoined(network, endpoint);
    return withheld;
  }

  #restoreJoined(network: BridgeNetwork, endpoint: BridgeEndpoint): void {
    const { firewall, rtnl } = this.#parts;
    const { id, interface: addresses } = endpoint.spec;
    firewall.apply({ add: itemsOf(network, endpoint) });
    const found = this.#hostEnds().get(hostEndName(id));
    reconnect(rtnl, found, network.bridge.index, portSettings(network, endpoint, firewall.active));
    network.neighbours.add(addresses);
  }

  /** As one look shows them, which serves all endpoints that are restored in this turn of the event loop. */
  #hostEnds(): ReadonlyMap<string, link.Link> {
    if (this.#seenHostEnds === undefined) {
      this.#seenHostEnds = hostEnds(this.#parts.rtnl);
      setImmediate(() => {
        this.#seenHostEnds = undefined;
      });
    }
    return this.#seenHostEnds;
  }

  async close(): Promise<void> {
    await Promise.all([this.#departures.all(), this.#oldConnections.all()]);
  }

  #forgetUnguarded(): void {
    const networks = [...this.#networks];
    const bindings = networks
      .flatMap(({ endpoints }) => [...endpoints.values()])
      .flatMap((one) => one.bindings);
    const policies = networks.map(({ policy }) => policy);
    forgetUnguarded(this.#parts.connections, this.#parts.rtnl, policies, bindings);
  }

  #makeBridge(plan: NetworkPlan): BridgeState {
    const { host, rtnl, ownerOf, firewall } = this.#parts;
    return makeBridge(host, rtnl, bridgeSettings(plan, ownerOf(plan.spec.id), firewall.active));
  }

  #removeBridge(name: string, bridge: BridgeState): void {
    const { rtnl, reaper } = this.#parts;
    const gone = removeBridge(rtnl, reaper, bridge);
    if (gone !== undefined) this.#departures.expect(name, gone);
  }
}

function itemsOf(network: BridgeNetwork, { spec, bindings }: BridgeEndpoint): FirewallItems {
  return endpointItems(network, spec, hostEndName(spec.id), bindings);
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === "string");

/** What createNetwork answered in an earlier run; nothing else of what is stored there is believed. */
function readState(state: PlainData): Pick<BridgeState, "foreign" | "added"> {
  const { foreign, added } =
    typeof state === "object" && state !== null ? { foreign: undefined, added: undefined, ...state } : {};
  if (typeof foreign === "boolean" && isTexts(added)) return { foreign, added };
  throw unavailable(
    "network_not_restored",
    "what the bridge driver stored of it is not as it should be: restore a backup, or delete the network",
  );
}
