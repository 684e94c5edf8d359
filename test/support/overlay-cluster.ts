// Hosts of an overlay network on one underlay: what a cluster would tell each of the others is told by hand.

import { randomBytes } from "node:crypto";
import { NetNamespace } from "@causeway/kernel";
import { addressOf } from "../../packages/libnetwork/src/address/cidr.ts";
import type {
  DriverOptions,
  EndpointInterface,
  EndpointSpec,
  IpamData,
  NetworkSpec,
} from "../../packages/libnetwork/src/contracts/driver.ts";
import type { NamespacePlace } from "../../packages/libnetwork/src/contracts/netstack.ts";
import type { Peer } from "../../packages/libnetwork/src/contracts/overlay.ts";
import type { PlainData } from "../../packages/libnetwork/src/contracts/store.ts";
import type { ClusterKey } from "../../packages/libnetwork/src/contracts/tunnel-keys.ts";
import { LocalNumbers } from "./local-numbers.ts";
import { OverlayHost } from "./overlay-host.ts";
import { addEndpoint } from "./overlay-parts.ts";
import { Underlay } from "./underlay.ts";

const newId = () => randomBytes(32).toString("hex");

/** A sandbox that an endpoint has joined. */
export interface Member {
  readonly host: OverlayHost;
  readonly spec: EndpointSpec;
  readonly place: NamespacePlace;
  readonly namespace: NetNamespace;
  readonly peer: Peer;
}

export interface OverlayNetworkWish {
  /** CIDRs of either family. Default: 10.7.0.0/24 and fd00:7::/64. */
  readonly subnets?: readonly string[];
  readonly options?: DriverOptions;
  readonly internal?: boolean;
}

export interface ClusterWish {
  readonly hosts?: number;
  readonly mtu?: number;
  /** Of the underlay. Default: 4. */
  readonly family?: 4 | 6;
}

/** A network that all hosts know. */
export interface SharedNetwork {
  readonly spec: NetworkSpec;
  readonly state: PlainData;
}

/** Hosts, and what a cluster does between them. */
export class OverlayCluster implements AsyncDisposable {
  readonly underlay: Underlay;
  readonly numbers = new LocalNumbers();
  readonly hosts: readonly OverlayHost[];
  readonly members = new Set<Member>();

  constructor({ hosts = 2, mtu = 1500, family = 4 }: ClusterWish = {}) {
    this.underlay = new Underlay({ mtu });
    this.hosts = Array.from(
      { length: hosts },
      (_, at) => new OverlayHost(this.underlay, at + 1, this.numbers, family),
    );
  }

  /** The host of a number, from 1. */
  host(number: number): OverlayHost {
    const found = this.hosts[number - 1];
    if (found === undefined) throw new Error(`there is no host ${number}`);
    return found;
  }

  /** Hosts have keys, and are told which lives the others are in, now and as they begin others. */
  tellKeys(keys: readonly ClusterKey[], ...hosts: readonly OverlayHost[]): void {
    for (const host of hosts) {
      host.tunnels?.setKeys(keys);
      host.tunnels?.onLife((life) => {
        for (const other of hosts) if (other !== host) other.tunnels?.putEnd({ address: host.address, life });
      });
    }
  }

  /** Made on the first host, and known to the others. */
  async newNetwork({
    subnets,
    options = {},
    internal = false,
  }: OverlayNetworkWish = {}): Promise<SharedNetwork> {
    const pools = (subnets ?? ["10.7.0.0/24", "fd00:7::/64"]).map(
      (pool): IpamData => ({ addressSpace: "global", pool, gateway: undefined, auxiliaryAddresses: {} }),
    );
    const isIpv6 = ({ pool }: IpamData) => pool.includes(":");
    const spec: NetworkSpec = {
      id: newId(),
      name: "n",
      internal,
      options,
      ipv4: pools.filter((data) => !isIpv6(data)),
      ipv6: pools.filter(isIpv6),
    };
    const state = await this.host(1).driver.createNetwork(spec);
    for (const host of this.hosts.slice(1)) host.driver.restoreNetwork(spec, state);
    return { spec, state };
  }

  endpointSpec({ spec: network }: SharedNetwork, addresses: EndpointInterface): EndpointSpec {
    return {
      id: newId(),
      networkId: network.id,
      name: `e${addresses.mac}`,
      interface: addresses,
      options: {},
      publish: [],
      macChosen: false,
      exposedPorts: [],
    };
  }

  /** Makes a sandbox on a host and has it join; the other hosts are told. */
  async join(host: OverlayHost, network: SharedNetwork, addresses: EndpointInterface): Promise<Member> {
    const spec = this.endpointSpec(network, addresses);
    const place = await addEndpoint(host, spec, newId());
    const namespace = NetNamespace.open(place.path);
    const member = { host, spec, place, namespace, peer: this.peerOf(host, spec) };
    this.members.add(member);
    this.#tellOthers(member);
    this.#tellHost(host, network.spec.id);
    // Where that takes more than a turn, as under emulation, what is sent before is dropped.
    for (const { tunnels } of this.hosts) await tunnels?.settled();
    return member;
  }

  /** Takes a sandbox away; the other hosts are told. */
  leave(member: Member): void {
    const { host, spec, place, namespace } = member;
    this.members.delete(member);
    host.driver.leave(spec.networkId, spec.id);
    host.driver.deleteEndpoint(spec.networkId, spec.id);
    namespace[Symbol.dispose]();
    host.netstack.releaseNamespace(place);
    for (const other of this.hosts) other.driver.removePeer(spec.networkId, spec.id);
  }

  /** An endpoint, as the others are told of it. */
  peerOf({ id, address: hostAddress }: OverlayHost, { networkId, ...spec }: EndpointSpec): Peer {
    const { mac, ipv4, ipv6 } = spec.interface;
    return {
      endpointId: spec.id,
      networkId,
      hostId: id,
      hostAddress,
      mac,
      ...(ipv4 !== undefined && { ipv4: addressOf(ipv4) }),
      ...(ipv6 !== undefined && { ipv6: addressOf(ipv6) }),
      names: [],
      ports: [],
    };
  }

  /** All peers of a network that a host has to know. */
  peersOf(networkId: string): readonly Peer[] {
    return [...this.members].filter(({ spec }) => spec.networkId === networkId).map(({ peer }) => peer);
  }

  #tellOthers({ host, peer }: Member): void {
    for (const other of this.hosts) if (other !== host) other.driver.putPeer(peer);
  }

  #tellHost(host: OverlayHost, networkId: string): void {
    host.driver.settlePeers(networkId, this.peersOf(networkId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of [...this.members]) this.leave(member);
    for (const host of this.hosts) await host.end();
    this.underlay[Symbol.dispose]();
  }
}

/** Addresses of an endpoint by its number in a network of the usual subnets. */
export function usual(number: number): EndpointInterface {
  return {
    mac: `02:42:0a:07:00:${number.toString(16).padStart(2, "0")}`,
    ipv4: `10.7.0.${number}/24`,
    ipv6: `fd00:7::${number.toString(16)}/64`,
  };
}
