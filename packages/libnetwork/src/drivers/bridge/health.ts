/**
 * BridgeHealth: the bridge driver's part of the doctor.
 */
import { link, route } from "@causeway/kernel";
import type { DriverHealth, PortBinding, Reclaimed } from "../../contracts/driver.ts";
import type { Finding, HealthItem, HealthSubject } from "../../contracts/health.ts";
import { makeBridge } from "./bridge-link.ts";
import { missingRoutes } from "./bridge-routes.ts";
import type { BridgeDriverParts } from "./driver.ts";
import type { EndpointPorts } from "./endpoint-ports.ts";
import type { Forwarding } from "./forwarding.ts";
import { hostEndName, hostEnds, portSettings, reconnect } from "./host-end.ts";
import { findHostOverlap } from "./host-overlap.ts";
import { inspectBridge, inspectHostEnd } from "./inspection.ts";
import { bridgeSettings } from "./network-plan.ts";
import { type BridgeNetwork, type BridgeNetworks, endpointOf } from "./networks.ts";

export class BridgeHealth implements DriverHealth {
  readonly #parts: BridgeDriverParts;
  readonly #networks: BridgeNetworks;
  readonly #forwarding: Forwarding;
  readonly #ports: EndpointPorts;

  constructor(
    parts: BridgeDriverParts,
    networks: BridgeNetworks,
    forwarding: Forwarding,
    ports: EndpointPorts,
  ) {
    this.#parts = parts;
    this.#networks = networks;
    this.#forwarding = forwarding;
    this.#ports = ports;
  }

  inspectHost(): readonly HealthItem[] {
    return this.#forwarding.inspect([...this.#networks].map(({ policy }) => policy));
  }

  mendHost(): void {
    for (const { policy } of this.#networks) this.#forwarding.provideFor(policy);
  }

  inspectNetwork(networkId: string): readonly HealthItem[] {
    const network = this.#networks.find(networkId);
    if (network === undefined) return [];
    const { host, rtnl } = this.#parts;
    const findings = inspectBridge(host, rtnl, this.#settings(network), network.bridge);
    const overlap = findHostOverlap(rtnl, network.policy);
    const { id, name } = network.spec;
    const subject: HealthSubject = { kind: "network", id, name };
    return [...findings, ...(overlap === undefined ? [] : [overlapFinding(overlap)])].map(about(subject));
  }

  mendNetwork(networkId: string): void {
    const network = this.#networks.get(networkId);
    const { host, rtnl, ownerOf, firewall } = this.#parts;
    const { bridge: before } = network;
    const settings = this.#settings(network);
    const { name, mtu } = settings;
    const found = rtnl.findLink({ name });
    if (!before.foreign && found?.index === before.index)
      rtnl.execute(
        link.change({ name }, { alias: ownerOf(networkId), ...(mtu === undefined ? {} : { mtu }) }),
      );
    const made = makeBridge(host, rtnl, settings);
    const added = [...new Set([...before.added, ...made.added])];
    network.bridge = { ...made, foreign: before.foreign, added };
    rtnl.execute(...missingRoutes(rtnl, settings, network.bridge).map((wanted) => route.replace(wanted)));
    if (made.index === before.index) return;
    const ends = hostEnds(rtnl);
    for (const [id, endpoint] of network.endpoints) {
      if (!endpoint.joined) continue;
      reconnect(
        rtnl,
        ends.get(hostEndName(id)),
        made.index,
        portSettings(network, endpoint, firewall.active),
      );
    }
  }

  inspectEndpoint(networkId: string, endpointId: string): readonly HealthItem[] {
    const network = this.#networks.find(networkId);
    const endpoint = network?.endpoints.get(endpointId);
    if (network === undefined || endpoint?.joined !== true) return [];
    const { rtnl, ownerOf, firewall } = this.#parts;
    const bridge = rtnl.findLink({ index: network.bridge.index })?.index;
    const port = portSettings(network, endpoint, firewall.active);
    const findings = inspectHostEnd(rtnl, hostEndName(endpointId), ownerOf(endpointId), bridge, port);
    return findings.map(about({ kind: "endpoint", id: endpointId, name: endpoint.spec.name }));
  }

  mendEndpoint(networkId: string, endpointId: string): void {
    const network = this.#networks.get(networkId);
    const endpoint = endpointOf(network, endpointId);
    const { rtnl, ownerOf, firewall } = this.#parts;
    const name = hostEndName(endpointId);
    rtnl.execute(link.change({ name }, { alias: ownerOf(endpointId) }));
    reconnect(
      rtnl,
      rtnl.findLink({ name }),
      network.bridge.index,
      portSettings(network, endpoint, firewall.active),
    );
  }

  reclaim(networkId: string, endpointId: string, bindings: readonly PortBinding[]): Reclaimed {
    const network = this.#networks.get(networkId);
    const endpoint = endpointOf(network, endpointId);
    const withheld = this.#ports.reclaim(network, endpoint, bindings);
    return { state: { bindings: endpoint.bindings }, withheld };
  }

  #settings(network: BridgeNetwork) {
    const { ownerOf, firewall } = this.#parts;
    return bridgeSettings(network, ownerOf(network.spec.id), firewall.active, network.bridge.mac);
  }
}

function about(subject: HealthSubject): (finding: Finding) => HealthItem {
  return (finding) => ({ ...finding, subject });
}

function overlapFinding({ subnet, route, by }: NonNullable<ReturnType<typeof findHostOverlap>>): Finding {
  return {
    code: "route_overlap",
    nature: "foreign",
    message: `its subnet ${subnet} overlaps the host's route to ${route}${by}, which came later: packets may go astray`,
    mend: "remove that route, or make the network anew with another subnet",
    repairable: false,
  };
}
