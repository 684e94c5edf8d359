/**
 * The endpoints that are joined in a network on all hosts, told to its driver and to the resolver while this host has some of them.
 */
import type { PeersListener } from "../../contracts/cluster.ts";
import type { Membership } from "../../contracts/names.ts";
import type { Peer } from "../../contracts/overlay.ts";
import { answersNames } from "../names/sandbox-names.ts";
import type { NetworkCore } from "../network-core.ts";
import { noteProblem } from "../problems.ts";
import { forgetRemoteMember, reviewService, settleServices } from "../services/balancing.ts";
import type { RemoteMembers } from "../services/remote-members.ts";

/** Until the driver is told again, that could not do what it was told. */
const pauseMs = 1000;

export class NetworkPeers implements PeersListener {
  readonly #network: NetworkCore;
  /** Id of this host: the resolver knows its endpoints already. */
  readonly #self: string;
  readonly #peers = new Map<string, Peer>();
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** All that there are were told: until then what the driver has from before holds. */
  #isTold = false;

  constructor(network: NetworkCore, self: string) {
    this.#network = network;
    this.#self = self;
  }

  put(peer: Peer): void {
    if (this.#isClosed) return;
    this.#peers.set(peer.endpointId, peer);
    this.#toDriver(() => this.#network.driver.putPeer?.(peer));
    this.#tellName(peer);
    if (peer.hostId === this.#self) return;
    const before = this.#network.others.put(peer);
    this.#review(before?.service, peer.service?.name);
    const { ipv4, ipv6 } = peer;
    if (before !== undefined && (before.member.ipv4 !== ipv4 || before.member.ipv6 !== ipv6))
      this.#forget(before);
  }

  removed(endpointId: string): void {
    if (this.#isClosed || !this.#peers.delete(endpointId)) return;
    this.#toDriver(() => this.#network.driver.removePeer?.(this.#network.id, endpointId));
    this.#network.engine.parts.resolver?.forgetPeer(endpointId);
    const before = this.#network.others.remove(endpointId);
    if (before === undefined) return;
    this.#review(before.service);
    this.#forget(before);
  }

  settled(peers: readonly Peer[]): void {
    if (this.#isClosed) return;
    const { others, engine } = this.#network;
    const there = new Set(peers.map(({ endpointId }) => endpointId));
    const gone = [...this.#peers.keys()].filter((id) => !there.has(id));
    for (const id of gone) engine.parts.resolver?.forgetPeer(id);
    const goneMembers = gone.map((id) => others.remove(id)).filter((member) => member !== undefined);
    this.#peers.clear();
    for (const peer of peers) {
      this.#peers.set(peer.endpointId, peer);
      this.#tellName(peer);
      if (peer.hostId !== this.#self) others.put(peer);
    }
    this.#isTold = true;
    this.#settle();
    this.#noting(() => settleServices(this.#network));
    for (const member of goneMembers) this.#forget(member);
  }

  /** Sandboxes of this host are told of services that may have other members. */
  #review(...names: readonly (string | undefined)[]): void {
    const { services } = this.#network;
    for (const name of new Set(names)) {
      const service = name === undefined ? undefined : services.byName(name);
      if (service !== undefined) this.#noting(() => reviewService(service));
    }
  }

  #forget({ service, member }: NonNullable<ReturnType<RemoteMembers["remove"]>>): void {
    this.#noting(() => forgetRemoteMember(this.#network, service, member));
  }

  /** Whoever tells waits for nobody: what fails in a sandbox the doctor finds. */
  #noting(action: () => void): void {
    try {
      action();
    } catch (error) {
      const { name } = this.#network;
      process.emitWarning(`sandboxes were not told of members of services of "${name}": ${String(error)}`);
    }
  }

  /** The driver has the network anew, and knows of nobody in it. */
  tellAgain(): void {
    if (this.#isTold && !this.#isClosed) this.#settle();
  }

  /** As they were told last: those of other hosts. */
  ofOthers(): readonly Peer[] {
    return [...this.#peers.values()].filter(({ hostId }) => hostId !== this.#self);
  }

  /** Names are told no more; what the driver has stays, and is nobody's any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    for (const id of this.#peers.keys()) this.#network.engine.parts.resolver?.forgetPeer(id);
    this.#network.others.clear();
  }

  #settle(): void {
    const { driver, id } = this.#network;
    this.#toDriver(() => driver.settlePeers?.(id, [...this.#peers.values()]));
  }

  #toDriver(tell: () => void): void {
    const { engine, id, name } = this.#network;
    try {
      tell();
    } catch (error) {
      noteProblem(engine, { kind: "network", id, name, error });
      clearTimeout(this.#again);
      this.#again = setTimeout(() => {
        engine.unrestored.delete(id);
        this.#settle();
      }, pauseMs).unref();
    }
  }

  #tellName(peer: Peer): void {
    if (peer.hostId === this.#self || !answersNames(this.#network)) return;
    this.#network.engine.parts.resolver?.tellPeer(membershipOfPeer(this.#network, peer));
  }
}

function membershipOfPeer({ id, name, record }: NetworkCore, peer: Peer): Membership {
  const { endpointId, names, ports, ipv4, ipv6 } = peer;
  return {
    endpointId,
    networkId: id,
    networkName: name,
    subnets: record.pools.map(({ pool }) => pool).filter((pool) => pool !== ""),
    names,
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    ttl: record.options.dnsTtl ?? 0,
    ports,
    links: {},
    servers: [],
  };
}
