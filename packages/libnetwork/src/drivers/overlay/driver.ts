/**
 * OverlayDriver: a network spans hosts. On each host that has an endpoint in it, it is a segment of its own, which tunnels join; who is
 * where the cluster says (contracts/overlay.ts), and nothing is learnt from packets.
 */
import type {
  CreatedEndpoint,
  Driver,
  DriverTraits,
  EndpointSpec,
  EndpointState,
  JoinAnswer,
  NetworkSpec,
  WithheldBinding,
} from "../../contracts/driver.ts";
import type { ClusterHost, Peer, PeerDriver } from "../../contracts/overlay.ts";
import type { PlainData } from "../../contracts/store.ts";
import { unsupported } from "../../errors.ts";
import { invalidOption, parseObject } from "../../options/parse.ts";
import { Departures } from "../departures.ts";
import { refuseStrayAddresses, refuseStrayGateways } from "../placement.ts";
import { type AddressEntry, type Entry, keysOfOwn, ownAddresses } from "./entries.ts";
import { OverlayHealth } from "./health.ts";
import { cutOff, hostEndName } from "./host-end.ts";
import { joinAnswer } from "./join-answer.ts";
import { changeEntries, liveEntries } from "./kernel-tables.ts";
import { KnownEnds } from "./known-ends.ts";
import { planNetwork } from "./network-plan.ts";
import {
  endpointOf,
  isInUse,
  type OverlayEndpoint,
  type OverlayNetwork,
  OverlayNetworks,
} from "./networks.ts";
import { type OverlayNetworkOptions, parseDriverConfig, parseNetworkOptions } from "./options.ts";
import type { OverlayDriverParts } from "./parts.ts";
import { difference, type EntryChange } from "./peer-table.ts";
import { portPolicies } from "./port-policies.ts";
import type { Segment } from "./segment.ts";
import { Segments, segmentOf } from "./segments.ts";
import { claimVnis, readState, releaseVnis } from "./vnis.ts";

export class OverlayDriver implements Driver, PeerDriver {
  readonly type = "overlay";
  readonly scope = "global";
  readonly traits: DriverTraits = { singleton: false, addressless: false, sharesHost: false, remote: false };
  readonly #parts: OverlayDriverParts;
  readonly #segments: Segments;
  readonly #ends: KnownEnds;
  readonly health: OverlayHealth;
  readonly #networks = new OverlayNetworks();
  /** Host ends that are going, by name. */
  readonly #departures = new Departures();
  /** Everything is taken up that was stored, and packet filters stand. */
  #isRestored = false;

  /** @param config the driver's own configuration: `vxlanPort`; the port of encrypted networks is the cipher's */
  constructor(parts: OverlayDriverParts, config: unknown) {
    const { vxlanPort } = parseDriverConfig(config, "drivers.overlay");
    if (vxlanPort === parts.cipher?.port)
      throw invalidOption(
        "drivers.overlay.vxlanPort",
        vxlanPort,
        "another port than encrypted networks have",
      );
    this.#parts = parts;
    this.#segments = new Segments(parts, vxlanPort);
    this.#ends = new KnownEnds(parts.firewall);
    this.health = new OverlayHealth(parts, this.#networks, this.#segments);
  }

  validateNetwork({ name, options }: Pick<NetworkSpec, "name" | "options">): void {
    this.#refuseEncrypted(name, parseNetworkOptions(options));
  }

  /** @throws encryption_unsupported */
  #refuseEncrypted(name: string, { encrypted }: OverlayNetworkOptions): void {
    if (!encrypted) return;
    const { cipher } = this.#parts;
    if (cipher !== undefined) {
      cipher.requireSupport();
      return;
    }
    const message = `network "${name}": this host cannot encrypt tunnels: leave "encrypted" out`;
    throw unsupported("encryption_unsupported", message);
  }

  /** Nothing is made in the kernel before an endpoint joins. */
  async createNetwork(spec: NetworkSpec): Promise<PlainData> {
    refuseStrayGateways(spec);
    const plan = planNetwork(spec);
    this.#refuseEncrypted(spec.name, plan.options);
    const vnis = await claimVnis(this.#parts.numbers, spec.id, plan.options.vxlanIds);
    this.#segments.know(this.#networks.add(plan, { vnis }));
    return { vnis };
  }

  async deleteNetwork(networkId: string): Promise<void> {
    const network = this.#networks.find(networkId);
    if (network === undefined) return;
    this.#segments.release(network);
    this.#networks.remove(networkId);
    this.#ends.settle(network, []);
    this.#segments.forget(network);
    this.#segments.cipherOf(network)?.settleTunnels(networkId, []);
    await releaseVnis(this.#parts.numbers, networkId, network.vnis);
  }

  createEndpoint(spec: EndpointSpec): CreatedEndpoint {
    const network = this.#networks.get(spec.networkId);
    // Another host may have made it.
    this.#refuseEncrypted(network.spec.name, network.options);
    parseObject({}, spec.options, "endpoint driverOptions");
    refuseStrayAddresses(network.spec, spec);
    network.endpoints.set(spec.id, { spec, joined: false });
    // What is published leads to the sandbox's way out.
    return { bindings: [] };
  }

  deleteEndpoint(networkId: string, endpointId: string): void {
    const network = this.#networks.find(networkId);
    network?.endpoints.delete(endpointId);
    if (network === undefined || network.endpoints.size > 0) return;
    // Nothing is told of it any more, so that what was told grows old.
    network.peers.settle([]);
    this.#ends.settle(network, []);
    network.peersTold = false;
  }

  join(networkId: string, endpointId: string): JoinAnswer | Promise<JoinAnswer> {
    const network = this.#networks.get(networkId);
    const endpoint = endpointOf(network, endpointId);
    const going = this.#departures.of(hostEndName(endpointId));
    if (going === undefined && network.segment !== undefined)
      return this.#join(network, endpoint, network.segment);
    return this.#joinLater(network, endpoint, going);
  }

  async #joinLater(
    network: OverlayNetwork,
    endpoint: OverlayEndpoint,
    going: Promise<void> | undefined,
  ): Promise<JoinAnswer> {
    await going;
    const segment = await this.#segments.provide(network);
    try {
      return this.#join(network, endpoint, segment);
    } catch (error) {
      if (!isInUse(network)) this.#segments.release(network);
      throw error;
    }
  }

  #join(network: OverlayNetwork, endpoint: OverlayEndpoint, segment: Segment): JoinAnswer {
    this.#take(network, endpoint, segment);
    return joinAnswer(network, endpoint, segment, this.#segments.mtu(network));
  }

  /** From now on the endpoint's MAC and addresses are here, whatever was told of other hosts. */
  #take(network: OverlayNetwork, endpoint: OverlayEndpoint, segment: Segment): void {
    const { interface: own } = endpoint.spec;
    segment.guard.apply({ add: { ports: portPolicies(network, endpoint.spec) } });
    changeEntries(segment.rtnl, segment, network.peers.hold(keysOfOwn(own)));
    endpoint.joined = true;
    network.neighbours.add(own);
    // Of these the interface itself tells.
    network.sightings.note(ownAddresses(own));
  }

  joinAnswer(networkId: string, endpointId: string): JoinAnswer {
    const network = this.#networks.get(networkId);
    return joinAnswer(
      network,
      endpointOf(network, endpointId),
      segmentOf(network),
      this.#segments.mtu(network),
    );
  }

  leave(networkId: string, endpointId: string): void {
    const network = this.#networks.find(networkId);
    const endpoint = network?.endpoints.get(endpointId);
    if (network?.segment === undefined || endpoint === undefined) return;
    const { segment } = network;
    const gone = cutOff(segment, this.#parts.reaper, endpointId);
    if (gone !== undefined) this.#departures.expect(hostEndName(endpointId), gone);
    endpoint.joined = false;
    segment.guard.apply({ remove: { ports: [{ endpointId }] } });
    changeEntries(segment.rtnl, segment, network.peers.letGo(keysOfOwn(endpoint.spec.interface)));
    if (!isInUse(network)) this.#segments.release(network);
  }

  endpointOperInfo(networkId: string, endpointId: string): Readonly<Record<string, PlainData>> {
    const network = this.#networks.get(networkId);
    const { spec, joined } = endpointOf(network, endpointId);
    return {
      "com.docker.network.endpoint.macaddress": spec.interface.mac,
      vxlanId: network.vnis[0],
      hostInterface: joined ? hostEndName(endpointId) : null,
    };
  }

  restoreNetwork(spec: NetworkSpec, state: PlainData): void {
    const before = this.#networks.find(spec.id);
    // One that something could not be done with is taken up once more.
    if (before !== undefined) this.#segments.putDown(before);
    const network = this.#networks.add(planNetwork(spec), readState(state));
    this.#segments.know(network);
    this.#segments.takeUp(network);
    // Until the cluster tells.
    if (network.segment !== undefined) this.#ends.takeUp(network, network.segment);
    if (this.#isRestored) network.segment?.guard.install();
  }

  async restoreEndpoint(
    spec: EndpointSpec,
    _: EndpointState,
    joined: boolean,
  ): Promise<readonly WithheldBinding[]> {
    const network = this.#networks.get(spec.networkId);
    const endpoint = { spec, joined: false };
    network.endpoints.set(spec.id, endpoint);
    if (joined) this.#take(network, endpoint, await this.#segments.provide(network));
    return [];
  }

  /** Packet filters hold all endpoints at once; what an earlier run was about to let go of goes. */
  restored(): void {
    for (const network of this.#networks) {
      if (isInUse(network)) network.segment?.guard.install();
      else this.#segments.release(network);
    }
    this.#isRestored = true;
  }

  putPeer(peer: Peer): void {
    const network = this.#networks.find(peer.networkId);
    if (network === undefined) return;
    // One that is here now is nobody's peer any more.
    if (peer.hostId === this.#parts.self.id) this.removePeer(peer.networkId, peer.endpointId);
    else {
      this.#segments.cipherOf(network)?.tunnelTo(peer.networkId, peer.hostAddress);
      this.#ends.put(network, peer);
      this.#apply(network, network.peers.put(peer), { isAwaited: true });
    }
  }

  removePeer(networkId: string, endpointId: string): void {
    const network = this.#networks.find(networkId);
    if (network === undefined) return;
    this.#ends.remove(network, endpointId);
    this.#apply(network, network.peers.remove(endpointId));
  }

  settlePeers(networkId: string, peers: readonly Peer[]): void {
    const network = this.#networks.find(networkId);
    if (network === undefined) return;
    const others = peers.filter(({ hostId }) => hostId !== this.#parts.self.id);
    const hosts = others.map(({ hostAddress }) => hostAddress);
    this.#segments.cipherOf(network)?.settleTunnels(networkId, hosts);
    this.#ends.settle(network, others);
    network.peers.settle(others);
    network.peersTold = true;
    this.#segments.update(network);
    const { segment } = network;
    if (segment === undefined) return;
    this.#apply(network, difference(liveEntries(segment.rtnl, segment), network.peers.entries()));
  }

  discoverNew({ id, address }: ClusterHost, isSelf: boolean): void {
    if (!isSelf) this.#ends.hostCame(id, address);
  }

  discoverDelete({ id }: ClusterHost): void {
    this.#ends.hostWent(id);
  }

  /**
   * Sandboxes here may remember the MAC that an address had; and who asked for one before its peer was told would ask again after a second
   * only.
   *
   * @param isAwaited somebody may wait for any of the addresses. Default: sandboxes are told of those alone that had another MAC, as all would be
   * too many
   */
  #apply({ segment, sightings }: OverlayNetwork, change: EntryChange, { isAwaited = false } = {}): void {
    const moved = sightings.note(change.set);
    if (segment === undefined) return;
    changeEntries(segment.rtnl, segment, change);
    const told = isAwaited ? change.set.filter(isAddress) : moved;
    if (told.length > 0) segment.announcer.announce(segment.bridge, told);
  }

  async close(): Promise<void> {
    await Promise.all([this.#departures.all(), this.#segments.gone()]);
    const closed = [...this.#networks].map(({ segment }) => segment?.close());
    await Promise.all(closed);
  }
}

const isAddress = (entry: Entry): entry is AddressEntry => entry.kind === "address";
