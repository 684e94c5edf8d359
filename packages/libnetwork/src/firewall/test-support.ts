/**
 * A host for packet tests, made of namespaces: bridges with sandboxes on them, and a neighbour outside. Network 1 is
 * 172.30.1.0/24 and fd00:1::/64, its gateway .1 and its sandboxes .2, .3 ...; the host is 192.0.2.1 and 2001:db8::1
 * outside, where the neighbour, 192.0.2.2 and 2001:db8::2, has routes to everything behind the host.
 */
import assert from "node:assert/strict";
import { link, NetNamespace, Rtnl, route, writeSysctl } from "@causeway/kernel";
import { ask, type Question, serve } from "../../../../test/support/traffic.ts";
import { addressOn, joinByWire } from "../../../../test/support/wire.ts";
import { linkLocalAddress } from "../address/link-local.ts";
import type { FamilyPolicy, NetworkPolicy, PortPolicy, PublishedPort } from "../contracts/firewall.ts";
import { NftablesFirewall } from "./nftables-firewall.ts";

export type Family = 4 | 6;
export const families = [4, 6] as const;
export type Addresses = Readonly<Record<Family, string>>;

export const hostAddress: Addresses = { 4: "192.0.2.1", 6: "2001:db8::1" };
export const outsideAddress: Addresses = { 4: "192.0.2.2", 6: "2001:db8::2" };
export const neighbourAddress: Addresses = { 4: "198.51.100.2", 6: "2001:db8:1::2" };
const secondHostAddress: Addresses = { 4: "198.51.100.1", 6: "2001:db8:1::1" };

/** An address in a network: 1 is the gateway's. */
export function addressIn(network: number, family: Family, station: number): string {
  return family === 4 ? `172.30.${network}.${station}` : `fd00:${network}::${station.toString(16)}`;
}

const lengthOf: Readonly<Record<Family, number>> = { 4: 24, 6: 64 };
const cidrs = (addresses: Partial<Addresses>) =>
  families.flatMap((family) =>
    addresses[family] === undefined ? [] : `${addresses[family]}/${lengthOf[family]}`,
  );
const subnetOf = (network: number, family: Family) =>
  family === 4 ? `172.30.${network}.0/24` : `fd00:${network}::/64`;
export const bridgeOf = (network: number) => `br-${network}`;

/** What may differ between the networks of a test. */
export interface NetworkChoices extends Partial<Omit<NetworkPolicy, "ipv4" | "ipv6">> {
  readonly ipv4?: Partial<FamilyPolicy> | null;
  readonly ipv6?: Partial<FamilyPolicy> | null;
}

/** The policy of a network with a bridge's defaults; `null` for a family that it has not got. */
export function networkPolicy(network: number, choices: NetworkChoices = {}): NetworkPolicy {
  const family = (which: Family, chosen: Partial<FamilyPolicy> | null | undefined) =>
    chosen === null
      ? undefined
      : {
          subnet: subnetOf(network, which),
          gateway: chosen?.gatewayMode === "isolated" ? undefined : addressIn(network, which, 1),
          gatewayMode: "nat" as const,
          masquerade: true,
          sourceAddress: undefined,
          ...chosen,
        };
  return {
    networkId: `network${network}`,
    bridge: bridgeOf(network),
    internal: false,
    icc: true,
    trustedInterfaces: [],
    ...choices,
    ipv4: family(4, choices.ipv4),
    ipv6: family(6, choices.ipv6),
  };
}

export interface Sandbox {
  readonly namespace: NetNamespace;
  readonly network: number;
  readonly addresses: Addresses;
  /** What anti-spoofing is told of it. */
  readonly port: PortPolicy;
}

export type PublishedChoices = Partial<PublishedPort> & Pick<PublishedPort, "port">;

/** A port of a sandbox, published in one family. */
function published(
  { network, addresses }: Sandbox,
  family: Family,
  choices: PublishedChoices,
): PublishedPort {
  return {
    protocol: "tcp",
    family,
    hostAddress: undefined,
    hostPort: undefined,
    bridge: bridgeOf(network),
    address: addresses[family],
    ...choices,
  };
}

export interface SandboxOptions {
  /** Frames may go back by the port they came from. Default: true, as the bridge driver sets it. */
  readonly hairpin?: boolean;
  /** Reaches no other isolated port. Default: false. */
  readonly isolated?: boolean;
}

export class BareHost implements Disposable {
  readonly #kept = new DisposableStack();
  readonly namespace: NetNamespace;
  readonly outside: NetNamespace;
  readonly rtnl: Rtnl;
  #sandboxes = 0;

  constructor() {
    this.namespace = this.#newNamespace();
    this.outside = this.#newNamespace();
    this.rtnl = this.#kept.use(new Rtnl(this.namespace));
    this.namespace.run(() => {
      writeSysctl("net/ipv4/ip_forward", 1);
      writeSysctl("net/ipv6/conf/all/forwarding", 1);
    });
    this.#connect(this.outside, "wan0", hostAddress, outsideAddress);
  }

  #connect(other: NetNamespace, name: string, ours: Addresses, theirs: Addresses): void {
    joinByWire(
      { namespace: this.namespace, name, addresses: cidrs(ours) },
      { namespace: other, name: "eth0", addresses: cidrs(theirs) },
    );
    using far = new Rtnl(other);
    for (const family of families) far.execute(route.add({ destination: "default", gateway: ours[family] }));
  }

  /** One more address of the host's. */
  addAddress(name: string, text: string): void {
    this.#address(name, text.includes(":") ? { 6: text } : { 4: text });
  }

  /** One more neighbour, on an interface of its own: 198.51.100.2 and 2001:db8:1::2, with routes to all behind the host. */
  addNeighbour(name: string): NetNamespace {
    const neighbour = this.#newNamespace();
    this.#connect(neighbour, name, secondHostAddress, neighbourAddress);
    return neighbour;
  }

  /** A bridge with the host's addresses on it, ready for DNAT from 127.0.0.1. */
  addBridge(network: number, withAddresses: readonly Family[] = families): void {
    const name = bridgeOf(network);
    const mac = `02:00:00:00:0${network}:01`;
    this.rtnl.execute(link.create({ name, address: mac, info: { kind: "bridge" } }));
    const addresses = withAddresses.map((family) => [family, addressIn(network, family, 1)]);
    this.#address(name, Object.fromEntries(addresses));
    this.namespace.run(() => writeSysctl(`net/ipv4/conf/${name}/route_localnet`, 1));
  }

  addSandbox(network: number, station: number, options: SandboxOptions = {}): Sandbox {
    const { hairpin = true, isolated = false } = options;
    const namespace = this.#newNamespace();
    const name = `veth${++this.#sandboxes}`;
    const mac = `02:00:00:00:0${network}:${station.toString(16).padStart(2, "0")}`;
    const bridge = this.rtnl.query(link.get({ name: bridgeOf(network) })).index;
    const addresses = { 4: addressIn(network, 4, station), 6: addressIn(network, 6, station) };
    joinByWire(
      { namespace: this.namespace, name, bridge },
      { namespace, name: "eth0", mac, addresses: cidrs(addresses) },
    );
    // As the bridge driver has it: frames for 01:80:c2:00:00:0X pass the rules as all others do.
    const bridgePort = { hairpin, isolated, groupForwardMask: 0xfffd };
    this.rtnl.execute(link.change({ name }, { info: { slaveKind: "bridge", bridgePort } }));
    using inside = new Rtnl(namespace);
    for (const family of families) {
      inside.execute(route.add({ destination: "default", gateway: addressIn(network, family, 1) }));
    }
    const port = {
      endpointId: name,
      interface: name,
      mac,
      addresses: [...Object.values(addresses), linkLocalAddress(mac)],
    };
    return { namespace, network, addresses, port };
  }

  /** A bridge that is somebody else's, with stations 10.9.0.1 and 10.9.0.2. */
  addForeignBridge(): [NetNamespace, NetNamespace] {
    this.rtnl.execute(link.create({ name: "virbr0", info: { kind: "bridge" } }));
    this.rtnl.execute(link.change({ name: "virbr0" }, { up: true }));
    const bridge = this.rtnl.query(link.get({ name: "virbr0" })).index;
    const addStation = (number: number) => {
      const namespace = this.#newNamespace();
      joinByWire(
        { namespace: this.namespace, name: `vnet${number}`, bridge },
        { namespace, name: "eth0", addresses: [`10.9.0.${number}/24`] },
      );
      return namespace;
    };
    return [addStation(1), addStation(2)];
  }

  /** Whether bridged packets cross the IP hooks too: net.bridge.bridge-nf-call-iptables and -ip6tables. */
  setBridgeFilter(on: boolean): void {
    this.namespace.run(() => {
      for (const key of ["iptables", "ip6tables"])
        writeSysctl(`net/bridge/bridge-nf-call-${key}`, on ? 1 : 0);
    });
  }

  #newNamespace(): NetNamespace {
    const namespace = this.#kept.use(NetNamespace.create());
    namespace.run(() => {
      writeSysctl("net/ipv6/conf/default/accept_dad", 0);
      writeSysctl("net/ipv6/conf/default/router_solicitations", 0);
    });
    using rtnl = new Rtnl(namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    return namespace;
  }

  #address(name: string, addresses: Partial<Addresses>): void {
    const { index } = this.rtnl.query(link.get({ name }));
    const requests = cidrs(addresses).map((cidr) => addressOn(index, cidr));
    this.rtnl.execute(...requests, link.change({ index }, { up: true }));
  }

  [Symbol.dispose](): void {
    this.#kept[Symbol.dispose]();
  }
}

/** Ports of every sandbox and of the neighbour outside on which somebody answers. */
export const ports = { web: 80, unpublished: 81 } as const;

/** A host with a firewall, networks on it, and a server in every sandbox. */
export class Stage implements AsyncDisposable {
  readonly #kept = new AsyncDisposableStack();
  readonly host: BareHost;
  readonly firewall: NftablesFirewall;

  constructor() {
    this.host = this.#kept.use(new BareHost());
    this.firewall = new NftablesFirewall({ controllerId: "test", namespace: this.host.namespace });
    this.#kept.defer(() => this.firewall.close());
  }

  /** With a server outside, and the firewall installed. */
  static async open(): Promise<Stage> {
    const stage = new Stage();
    await stage.serve(stage.host.outside);
    stage.firewall.install();
    return stage;
  }

  /** A network with its bridge, and sandboxes at .2, .3 ... */
  async addNetwork(network: number, sandboxes: number, choices: NetworkChoices = {}): Promise<Sandbox[]> {
    const policy = networkPolicy(network, choices);
    const gateways = families.filter((family) => policy[`ipv${family}`]?.gateway !== undefined);
    this.host.addBridge(network, gateways);
    const added = Array.from({ length: sandboxes }, (_, at) => this.host.addSandbox(network, at + 2));
    this.firewall.apply({
      add: { networks: [policy], ports: added.map(({ port }) => ({ ...port, apart: !policy.icc })) },
    });
    for (const { namespace } of added) await this.serve(namespace);
    return added;
  }

  /** Publishes ports of a sandbox. */
  publish(sandbox: Sandbox, family: Family, ...wanted: readonly PublishedChoices[]): void {
    this.firewall.apply({ add: { published: wanted.map((choices) => published(sandbox, family, choices)) } });
  }

  /** Servers of both transports and families; by default on {@link ports}. */
  async serve(namespace: NetNamespace, at: readonly number[] = Object.values(ports)): Promise<void> {
    for (const port of at) {
      for (const protocol of ["tcp", "udp"] as const) {
        for (const address of ["0.0.0.0", "::"])
          this.#kept.use(await serve(namespace, { protocol, address, port }));
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#kept.disposeAsync();
  }
}

/** One question, and the address under which it has to arrive; undefined where it must not. */
export interface Row {
  readonly what: string;
  readonly from: NetNamespace;
  readonly to: Pick<Question, "protocol" | "address" | "port" | "source">;
  readonly seenAs: string | undefined;
}

/** Asks all questions at once, and compares them in one table, so that a failure shows what else holds. */
export async function expectTraffic(rows: readonly Row[]): Promise<void> {
  const answers = await Promise.all(
    rows.map(async ({ what, from, to, seenAs }) => {
      // What must not arrive is waited for in vain: long enough to come by a busy machine, and no longer. What must is asked
      // for again: there the kernel may give up on a neighbour, which takes it three seconds.
      if (seenAs === undefined) return [what, (await ask(from, { ...to, timeout: 300 })) ?? "nothing"];
      const answer =
        (await ask(from, { ...to, timeout: 5000 })) ?? (await ask(from, { ...to, timeout: 5000 }));
      return [what, answer ?? "nothing"];
    }),
  );
  const wanted = rows.map(({ what, seenAs }) => [what, seenAs ?? "nothing"]);
  assert.deepEqual(Object.fromEntries(answers), Object.fromEntries(wanted));
}
