// A namespace beside a host, joined to it by a wire: a machine outside, or a container that was attached by hand.

import { address, link, type NetNamespace, Rtnl, route } from "@causeway/kernel";

export interface Wire {
  /** Name of the host's end; the other one is `eth0`. */
  readonly hostName: string;
  /** Index of a bridge of the host that the host's end becomes a port of. Default: none. */
  readonly bridge?: number;
  /** CIDR of the host's end. Default: none. */
  readonly hostAddress?: string;
  /** CIDR of the other end. */
  readonly address: string;
  /** Default route of the namespace. Default: none. */
  readonly gateway?: string;
}

export function joinByWire(host: Rtnl, namespace: NetNamespace, wire: Wire): void {
  using inside = new Rtnl(namespace);
  const master = wire.bridge === undefined ? {} : { master: wire.bridge };
  const peer = { name: "eth0", namespaceFd: namespace.fd };
  host.execute(link.create({ name: wire.hostName, ...master, info: { kind: "veth", veth: { peer } } }));
  if (wire.hostAddress !== undefined) addAddress(host, wire.hostName, wire.hostAddress);
  host.execute(link.change({ name: wire.hostName }, { up: true }));
  inside.execute(link.change({ name: "lo" }, { up: true }), link.change({ name: "eth0" }, { up: true }));
  addAddress(inside, "eth0", wire.address);
  if (wire.gateway !== undefined)
    inside.execute(route.add({ destination: "default", gateway: wire.gateway }));
}

export function addAddress(rtnl: Rtnl, name: string, cidr: string): void {
  const [ip = "", prefixLength] = cidr.split("/");
  const index = rtnl.query(link.getIndex({ name }));
  rtnl.execute(address.add({ link: index, address: ip, prefixLength: Number(prefixLength) }));
}
