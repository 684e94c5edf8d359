/**
 * KnownEnds: where the tunnels of other hosts end, told to the host's packet filter: what comes from elsewhere is not let in. A host is known by
 * itself and by every endpoint that it has in a network of ours; after a restart by what an earlier run left in the kernel, until the
 * cluster tells.
 */
import type { Firewall, TunnelEnd } from "../../contracts/firewall.ts";
import type { Peer } from "../../contracts/overlay.ts";
import { liveEntries } from "./kernel-tables.ts";
import type { OverlayNetwork } from "./networks.ts";
import type { Segment } from "./segment.ts";

export class KnownEnds {
  readonly #firewall: Pick<Firewall, "apply">;
  /** What was said of each network's hosts, by network. */
  readonly #saidOf = new Map<string, Set<string>>();

  constructor(firewall: Pick<Firewall, "apply">) {
    this.#firewall = firewall;
  }

  hostCame(id: string, address: string): void {
    this.#firewall.apply({ add: { tunnelEnds: [{ saidBy: byHost(id), address }] } });
  }

  hostWent(id: string): void {
    this.#firewall.apply({ remove: { tunnelEnds: [{ saidBy: byHost(id) }] } });
  }

  put({ spec }: OverlayNetwork, peer: Peer): void {
    const end = endOf(peer);
    this.#firewall.apply({ add: { tunnelEnds: [end] } });
    this.#said(spec.id).add(end.saidBy);
  }

  remove({ spec }: OverlayNetwork, endpointId: string): void {
    const saidBy = byEndpoint(endpointId);
    if (!this.#said(spec.id).delete(saidBy)) return;
    this.#firewall.apply({ remove: { tunnelEnds: [{ saidBy }] } });
  }

  /** These peers are all of the network's. */
  settle({ spec }: OverlayNetwork, peers: readonly Peer[]): void {
    this.#replace(spec.id, peers.map(endOf));
  }

  takeUp({ spec }: OverlayNetwork, segment: Segment): void {
    const hosts = [...liveEntries(segment.rtnl, segment).values()].flatMap((entry) =>
      entry.kind === "mac" && entry.hostAddress !== "" ? [entry.hostAddress] : [],
    );
    const ends = [...new Set(hosts)].map((address) => ({ saidBy: `kernel ${spec.id} ${address}`, address }));
    this.#replace(spec.id, ends);
  }

  /** In one transaction: who is known before and after is known all the time. */
  #replace(networkId: string, ends: readonly TunnelEnd[]): void {
    const before = [...this.#said(networkId)].map((saidBy) => ({ saidBy }));
    this.#firewall.apply({ remove: { tunnelEnds: before }, add: { tunnelEnds: ends } });
    if (ends.length === 0) this.#saidOf.delete(networkId);
    else this.#saidOf.set(networkId, new Set(ends.map(({ saidBy }) => saidBy)));
  }

  #said(networkId: string): Set<string> {
    const known = this.#saidOf.get(networkId) ?? new Set();
    this.#saidOf.set(networkId, known);
    return known;
  }
}

const byHost = (id: string) => `host ${id}`;
const byEndpoint = (id: string) => `endpoint ${id}`;

function endOf({ endpointId, hostAddress }: Peer): TunnelEnd {
  return { saidBy: byEndpoint(endpointId), address: hostAddress };
}
