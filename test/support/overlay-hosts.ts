// Hosts of a cluster on one underlay, each with the overlay driver and the network stack, and nothing above them: what the cluster would tell
// is told by hand.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { address, link, NetNamespace, Reaper, Rtnl, unbindNamespace } from "@causeway/kernel";
import { addressOf } from "../../packages/libnetwork/src/address/cidr.ts";
import type {
  DriverOptions,
  EndpointInterface,
  EndpointSpec,
  IpamData,
  NetworkSpec,
} from "../../packages/libnetwork/src/contracts/driver.ts";
import type { NamespacePlace } from "../../packages/libnetwork/src/contracts/netstack.ts";
import type { NumberClaims, Peer, TunnelCipher } from "../../packages/libnetwork/src/contracts/overlay.ts";
import type { PlainData } from "../../packages/libnetwork/src/contracts/store.ts";
import type { ClusterKey } from "../../packages/libnetwork/src/contracts/tunnel-keys.ts";
import { OverlayDriver } from "../../packages/libnetwork/src/drivers/overlay/driver.ts";
import { TunnelEncryption } from "../../packages/libnetwork/src/drivers/overlay/encryption/encryption.ts";
import { conflict } from "../../packages/libnetwork/src/errors.ts";
import { NftablesFirewall } from "../../packages/libnetwork/src/firewall/nftables-firewall.ts";
import { KernelNetStack } from "../../packages/libnetwork/src/netstack/netstack.ts";
import { networkNamespacePath } from "../../packages/libnetwork/src/netstack/run-directory.ts";
import { mountsBelow } from "./leak-check.ts";
import { addressOn, joinByWire } from "./wire.ts";

const newId = () => randomBytes(32).toString("hex");

/** A network segment that hosts are on. */
export class Underlay implements Disposable {
  readonly namespace = NetNamespace.create();
  readonly rtnl = new Rtnl(this.namespace);
  readonly mtu: number;
  readonly bridge: number;

  constructor({ mtu = 1500 } = {}) {
    this.mtu = mtu;
    this.rtnl.execute(
      link.create({ name: "switch", info: { kind: "bridge", bridge: { multicastSnooping: false } } }),
      link.change({ name: "switch" }, { up: true }),
    );
    this.bridge = this.rtnl.query(link.getIndex({ name: "switch" }));
  }

  /** A host's wire to it: `port<number>` here, `eth0` there. */
  connect(host: NetNamespace, number: number): void {
    joinByWire(
      { namespace: this.namespace, name: `port${number}`, bridge: this.bridge },
      { namespace: host, name: "eth0", addresses: [`192.0.2.${number}/24`, `2001:db8::${number}/64`] },
    );
    using rtnl = new Rtnl(host);
    rtnl.execute(link.change({ name: "eth0" }, { mtu: this.mtu }));
    this.rtnl.execute(link.change({ name: `port${number}` }, { mtu: this.mtu }));
  }

  [Symbol.dispose](): void {
    this.rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

/** Numbers that are claimed in this process. */
class LocalNumbers implements NumberClaims {
  readonly owners = new Map<number, string>();

  async claim(
    _: string,
    range: { readonly from: number; readonly to: number },
    owner: string,
    wanted?: number,
  ): Promise<number> {
    for (let number = wanted ?? range.from; number <= range.to; number++) {
      const taker = this.owners.get(number);
      if (taker === undefined || taker === owner) {
        this.owners.set(number, owner);
        return number;
      }
      if (wanted !== undefined) throw conflict("number_taken", `${number} is ${taker}'s`, number);
    }
    throw conflict("numbers_exhausted", "none is free");
  }

  async release(_: string, number: number, owner: string): Promise<void> {
    if (this.owners.get(number) === owner) this.owners.delete(number);
  }
}

/** A sandbox that an endpoint has joined. */
export interface Member {
  readonly host: OverlayHost;
  readonly spec: EndpointSpec;
  readonly place: NamespacePlace;
  readonly namespace: NetNamespace;
  readonly peer: Peer;
}

/** A host as another process finds it. */
export interface HostPlace {
  readonly id: string;
  /** Where its tunnels end. */
  readonly address: string;
  readonly runDir: string;
  readonly namespacePath: string;
}

/** What a driver and a network stack work with. */
export interface HostTools {
  readonly namespace: NetNamespace;
  readonly rtnl: Rtnl;
  readonly reaper: Reaper;
  /** The host's own. */
  readonly firewall: NftablesFirewall;
}

export function openHostFirewall({ id }: Pick<HostPlace, "id">, namespace: NetNamespace): NftablesFirewall {
  return new NftablesFirewall({ controllerId: id.slice(0, 12), namespace });
}

const ownerOf = ({ id }: Pick<HostPlace, "id">, objectId: string) =>
  `causeway:${id.slice(0, 12)}:${objectId}`;

export function openNetStack(host: HostPlace, { namespace, rtnl, reaper }: HostTools): KernelNetStack {
  return new KernelNetStack({
    host: namespace,
    rtnl,
    reaper,
    runDir: host.runDir,
    warmNamespaces: 0,
    hostResolvConf: "/etc/resolv.conf",
    ipv6: true,
    user: { made: () => undefined, released: () => undefined },
    ownerOf: (id) => ownerOf(host, id),
  });
}

export function openDriver(
  host: HostPlace,
  { rtnl, reaper, firewall }: HostTools,
  {
    numbers = new LocalNumbers(),
    cipher,
    config,
  }: { readonly numbers?: NumberClaims; readonly cipher?: TunnelCipher; readonly config?: unknown } = {},
): OverlayDriver {
  const { id: hostId, address, runDir } = host;
  const driver = new OverlayDriver(
    {
      rtnl,
      reaper,
      numbers,
      cipher,
      openFirewall: (inside) =>
        new NftablesFirewall({ controllerId: hostId.slice(0, 12), namespace: inside, place: "segment" }),
      firewall,
      self: { id: hostId, address },
      ownerOf: (id) => ownerOf(host, id),
      namespacePath: (id) => networkNamespacePath(runDir, id),
    },
    config,
  );
  // As a controller does: its packet filter stands when everything is taken up.
  const restored = driver.restored.bind(driver);
  driver.restored = () => {
    firewall.install();
    restored();
  };
  return driver;
}

/** The model's part of a join: the endpoint, the sandbox, the interface. */
export async function addEndpoint(
  host: { readonly id: string; readonly driver: OverlayDriver; readonly netstack: KernelNetStack },
  spec: EndpointSpec,
  sandboxId: string,
): Promise<NamespacePlace> {
  host.driver.createEndpoint(spec);
  const place = host.netstack.createNamespace(sandboxId);
  const answer = await host.driver.join(spec.networkId, spec.id);
  if (answer.interface === undefined) throw new Error("an overlay endpoint has an interface");
  host.netstack.addInterface({
    namespace: place,
    owner: ownerOf(host, spec.id),
    interface: answer.interface,
    name: undefined,
    sysctls: {},
    addresses: spec.interface,
    staticRoutes: answer.staticRoutes,
  });
  return place;
}

/** One host. */
export class OverlayHost implements HostPlace, HostTools {
  readonly id = newId();
  readonly number: number;
  readonly address: string;
  readonly namespace = NetNamespace.create();
  readonly rtnl = new Rtnl(this.namespace);
  readonly reaper = new Reaper(this.namespace);
  readonly runDir = mkdtempSync("/dev/shm/causeway-overlay-");
  readonly namespacePath = join(this.runDir, "host");
  readonly netstack: KernelNetStack;
  /** Of the driver that is open. */
  firewall: NftablesFirewall;
  readonly #numbers: NumberClaims;
  /** Of the driver that is open. */
  tunnels: TunnelEncryption | undefined;
  driver: OverlayDriver;

  constructor(underlay: Underlay, number: number, numbers: NumberClaims, family: 4 | 6) {
    this.number = number;
    this.#numbers = numbers;
    this.address = family === 4 ? `192.0.2.${number}` : `2001:db8::${number}`;
    this.namespace.bindAt(this.namespacePath);
    this.rtnl.execute(link.change({ name: "lo" }, { up: true }));
    underlay.connect(this.namespace, number);
    this.firewall = openHostFirewall(this, this.namespace);
    this.netstack = openNetStack(this, this);
    this.driver = this.openDriver();
    this.firewall.install();
  }

  /** For another process. */
  get place(): HostPlace {
    const { id, address: at, runDir, namespacePath } = this;
    return { id, address: at, runDir, namespacePath };
  }

  /** Path of a network's own namespace. */
  pathOf(networkId: string): string {
    return networkNamespacePath(this.runDir, networkId);
  }

  /** @param config the driver's own configuration. Default: none */
  openDriver(config?: unknown): OverlayDriver {
    this.firewall.close();
    this.firewall = openHostFirewall(this, this.namespace);
    this.tunnels?.[Symbol.dispose]();
    this.tunnels = new TunnelEncryption({ namespace: this.namespace, address: this.address });
    return openDriver(this, this, { numbers: this.#numbers, cipher: this.tunnels, config });
  }

  /** Somebody's address on the host itself. */
  addAddress(name: string, cidr: string): void {
    const { index } = this.rtnl.query(link.get({ name }));
    this.rtnl.execute(addressOn(index, cidr));
  }

  /** Takes the host's address away that its tunnels end at. */
  loseAddress(): void {
    const { index } = this.rtnl.query(link.get({ name: "eth0" }));
    this.rtnl.execute(address.remove({ link: index, address: this.address, prefixLength: 24 }));
  }

  async end(): Promise<void> {
    await this.driver.close();
    this.firewall.close();
    this.tunnels?.[Symbol.dispose]();
    this.netstack.close();
    await this.reaper.close();
    for (const path of mountsBelow(this.runDir)) unbindNamespace(path);
    rmSync(this.runDir, { recursive: true });
    this.rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
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
