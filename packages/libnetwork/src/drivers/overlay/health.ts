/**
 * OverlayHealth: the overlay driver's part of the doctor.
 */
import type { DriverHealth, Reclaimed } from "../../contracts/driver.ts";
import type { Finding, HealthItem, HealthSubject } from "../../contracts/health.ts";
import { endpointBridgePort } from "./bridge-ports.ts";
import { reconnect } from "./host-end.ts";
import { inspectEntries, inspectHostEnd, inspectSegment, inspectUnderlay } from "./inspection.ts";
import { endpointOf, isInUse, type OverlayNetworks } from "./networks.ts";
import type { OverlayDriverParts } from "./parts.ts";
import type { Segments } from "./segments.ts";

export class OverlayHealth implements DriverHealth {
  readonly #parts: OverlayDriverParts;
  readonly #networks: OverlayNetworks;
  readonly #segments: Segments;

  constructor(parts: OverlayDriverParts, networks: OverlayNetworks, segments: Segments) {
    this.#parts = parts;
    this.#networks = networks;
    this.#segments = segments;
  }

  inspectHost(): readonly HealthItem[] {
    if (![...this.#networks].some(isInUse)) return [];
    const { rtnl, self, cipher } = this.#parts;
    const underlay = inspectUnderlay(rtnl, self.address);
    return [...(underlay === undefined ? [] : [underlay]), ...(cipher?.inspect() ?? [])].map(
      about({ kind: "host" }),
    );
  }

  /** The underlay is the host's own. */
  async mendHost(): Promise<void> {
    await this.#parts.cipher?.mend();
  }

  inspectNetwork(networkId: string): readonly HealthItem[] {
    const network = this.#networks.find(networkId);
    if (network === undefined || !isInUse(network)) return [];
    const { segment, peersTold, peers } = network;
    const findings = inspectSegment(segment, this.#segments.settings(network));
    const isWhole = segment !== undefined && findings.length === 0;
    const entries = isWhole && peersTold ? inspectEntries(segment, peers) : [];
    const { id, name } = network.spec;
    return [...findings, ...entries].map(about({ kind: "network", id, name }));
  }

  mendNetwork(networkId: string): Promise<void> {
    return this.#segments.mend(this.#networks.get(networkId));
  }

  inspectEndpoint(networkId: string, endpointId: string): readonly HealthItem[] {
    const network = this.#networks.find(networkId);
    const endpoint = network?.endpoints.get(endpointId);
    if (network?.segment === undefined || endpoint?.joined !== true) return [];
    const owner = this.#parts.ownerOf(endpointId);
    const port = endpointBridgePort(network, network.segment.guard);
    const findings = inspectHostEnd(network.segment, endpointId, { owner, port });
    return findings.map(about({ kind: "endpoint", id: endpointId, name: endpoint.spec.name }));
  }

  mendEndpoint(networkId: string, endpointId: string): void {
    const network = this.#networks.get(networkId);
    const { segment } = network;
    endpointOf(network, endpointId);
    if (segment === undefined) return;
    const owner = this.#parts.ownerOf(endpointId);
    const port = endpointBridgePort(network, segment.guard);
    const failure = reconnect(segment, endpointId, owner, port);
    if (failure !== undefined) throw failure;
  }

  /** No host port is an overlay network's own. */
  reclaim(): Reclaimed {
    return { state: { bindings: [] }, withheld: [] };
  }
}

function about(subject: HealthSubject): (finding: Finding) => HealthItem {
  return (finding) => ({ ...finding, subject });
}
