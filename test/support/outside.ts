// Another machine, on the wire of a test's host.

import { address, link, NetNamespace, Rtnl, route } from "@causeway/kernel";
import type { TestHost } from "./host.ts";

/**
 * A machine outside: a namespace joined to the host by a veth pair. Neither knows more of the other than the subnet
 * between them, so an answer to a sandbox's own address finds no way back unless {@link Outside.routeTo} says one.
 */
export class Outside implements Disposable {
  /** The host's interface that leads here. */
  static readonly uplink = "uplink0";
  readonly hostIpv4 = "192.0.2.1";
  readonly hostIpv6 = "2001:db8:2::1";
  readonly ipv4 = "192.0.2.2";
  readonly ipv6 = "2001:db8:2::2";
  readonly namespace = NetNamespace.create();
  readonly #rtnl = new Rtnl(this.namespace);
  readonly #host: TestHost;

  constructor(host: TestHost) {
    this.#host = host;
    const peer = { name: "eth0", namespaceFd: this.namespace.fd };
    host.rtnl.execute(link.create({ name: Outside.uplink, info: { kind: "veth", veth: { peer } } }));
    addAddresses(host.rtnl, Outside.uplink, this.hostIpv4, this.hostIpv6);
    addAddresses(this.#rtnl, "eth0", this.ipv4, this.ipv6);
    this.#rtnl.execute(link.change({ name: "lo" }, { up: true }));
  }

  /** Sends what is for a subnet (CIDR) to the host, as a neighbour would who wants to get in. */
  routeTo(subnet: string): void {
    const gateway = subnet.includes(":") ? this.hostIpv6 : this.hostIpv4;
    this.#rtnl.execute(route.add({ destination: subnet, gateway }));
  }

  [Symbol.dispose](): void {
    this.#host.rtnl.execute(link.remove({ name: Outside.uplink }));
    this.#rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

function addAddresses(rtnl: Rtnl, name: string, ipv4: string, ipv6: string): void {
  const { index } = rtnl.query(link.get({ name }));
  rtnl.execute(
    address.add({ link: index, address: ipv4, prefixLength: 24 }),
    address.add({ link: index, address: ipv6, prefixLength: 64 }),
    link.change({ index }, { up: true }),
  );
}
