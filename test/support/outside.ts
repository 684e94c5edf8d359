// Another machine, on the wire of a test's host.

import { link, NetNamespace, Rtnl, route } from "@causeway/kernel";
import type { TestHost } from "./host.ts";
import { joinByWire } from "./wire.ts";

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
    const ours = [`${this.hostIpv4}/24`, `${this.hostIpv6}/64`];
    const theirs = [`${this.ipv4}/24`, `${this.ipv6}/64`];
    joinByWire(
      { namespace: host.namespace, name: wire.uplink, addresses: ours },
      { namespace: this.namespace, name: "eth0", addresses: theirs },
    );
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
