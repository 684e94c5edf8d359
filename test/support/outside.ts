// Another machine, on the wire of a test's host.

import { address, link, NetNamespace, Rtnl, route, writeSysctl } from "@causeway/kernel";
import { awaitCarrier } from "./carrier.ts";
import type { TestHost } from "./host.ts";

/** A network segment between the host and one machine outside. */
export interface Wire {
  /** The host's interface that leads there. */
  readonly uplink: string;
  /** Prefixes of 24 and 64 bits: the host is number 1, the machine outside number 2. */
  readonly ipv4: string;
  readonly ipv6: string;
}

/**
 * A machine outside: a namespace joined to the host by a veth pair. Neither knows more of the other than the subnet
 * between them, so an answer to a sandbox's own address finds no way back unless {@link Outside.routeTo} says one.
 */
export class Outside implements Disposable {
  /** The host's interface that leads here, unless another wire is chosen. */
  static readonly uplink = "uplink0";
  readonly uplink: string;
  readonly hostIpv4: string;
  readonly hostIpv6: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly namespace = NetNamespace.create();
  readonly #rtnl = new Rtnl(this.namespace);
  readonly #host: TestHost;

  /** @param wire a second machine outside needs one of its own */
  constructor(host: TestHost, wire: Wire = { uplink: Outside.uplink, ipv4: "192.0.2", ipv6: "2001:db8:2" }) {
    this.#host = host;
    this.uplink = wire.uplink;
    this.hostIpv4 = `${wire.ipv4}.1`;
    this.hostIpv6 = `${wire.ipv6}::1`;
    this.ipv4 = `${wire.ipv4}.2`;
    this.ipv6 = `${wire.ipv6}::2`;
    const peer = { name: "eth0", namespaceFd: this.namespace.fd };
    host.rtnl.execute(link.create({ name: wire.uplink, info: { kind: "veth", veth: { peer } } }));
    host.namespace.run(() => skipDad(wire.uplink));
    this.namespace.run(() => skipDad("eth0"));
    addAddresses(host.rtnl, wire.uplink, this.hostIpv4, this.hostIpv6);
    addAddresses(this.#rtnl, "eth0", this.ipv4, this.ipv6);
    awaitCarrier(host.rtnl, wire.uplink);
    this.#rtnl.execute(link.change({ name: "lo" }, { up: true }));
  }

  /** Sends what is for a subnet (CIDR) to the host, as a neighbour would who wants to get in. */
  routeTo(subnet: string): void {
    const gateway = subnet.includes(":") ? this.hostIpv6 : this.hostIpv4;
    this.#rtnl.execute(route.add({ destination: subnet, gateway }));
  }

  [Symbol.dispose](): void {
    this.#host.rtnl.execute(link.remove({ name: this.uplink }));
    this.#rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

/** A router asks for neighbours from its link-local address, which otherwise takes a second to be usable. */
function skipDad(name: string): void {
  writeSysctl(`net/ipv6/conf/${name}/accept_dad`, 0);
}

function addAddresses(rtnl: Rtnl, name: string, ipv4: string, ipv6: string): void {
  const { index } = rtnl.query(link.get({ name }));
  rtnl.execute(
    address.add({ link: index, address: ipv4, prefixLength: 24 }),
    address.add({ link: index, address: ipv6, prefixLength: 64 }),
    link.change({ index }, { up: true }),
  );
}
