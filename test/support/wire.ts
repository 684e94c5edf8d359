// A wire between two namespaces: a veth pair with addresses on it that carries packets, both ways, from the start.

import assert from "node:assert/strict";
import { address, link, type NetNamespace, Rtnl, writeSysctl } from "@causeway/kernel";
import { patience } from "./eventually.ts";

export interface WireEnd {
  readonly namespace: NetNamespace;
  readonly name: string;
  /** CIDRs. Default: none. */
  readonly addresses?: readonly string[];
}

export interface NearEnd extends WireEnd {
  /** Index of a bridge to be a port of. Default: none. */
  readonly bridge?: number;
}

export interface FarEnd extends WireEnd {
  /** Default: the kernel's choice. */
  readonly mac?: string;
}

/** Joins two namespaces. Every address is good at once, link-local ones included. */
export function joinByWire(near: NearEnd, far: FarEnd): void {
  using here = new Rtnl(near.namespace);
  using there = new Rtnl(far.namespace);
  const peer = {
    name: far.name,
    namespaceFd: far.namespace.fd,
    ...(far.mac === undefined ? {} : { address: far.mac }),
  };
  const master = near.bridge === undefined ? {} : { master: near.bridge };
  here.execute(link.create({ name: near.name, ...master, info: { kind: "veth", veth: { peer } } }));
  bringUp(here, near);
  bringUp(there, far);
  awaitCarrier(here, near.name);
}

function bringUp(rtnl: Rtnl, { namespace, name, addresses = [] }: WireEnd): void {
  namespace.run(() => writeSysctl(`net/ipv6/conf/${name}/accept_dad`, 0));
  const { index } = rtnl.query(link.get({ name }));
  rtnl.execute(...addresses.map((cidr) => addressOn(index, cidr)), link.change({ index }, { up: true }));
}

/** The request that puts an address (CIDR) on a link. */
export function addressOn(index: number, cidr: string) {
  const [ip = "", prefixLength] = cidr.split("/");
  return address.add({ link: index, address: ip, prefixLength: Number(prefixLength) });
}

/** linux/if.h: the link is up, and the kernel knows it. */
const IFF_RUNNING = 0x40;

/**
 * Waits until the kernel has noticed that a link's other end is up, too, which it does in its own time (linkwatch): before,
 * the interface drops what it is to send, and a bridge's port forwards nothing. The end that was up first is the one to
 * wait for.
 */
function awaitCarrier(rtnl: Rtnl, name: string): void {
  const deadline = Date.now() + patience;
  // Asking has newer kernels catch up; older ones need a moment, and it is not this thread that they need.
  while ((rtnl.query(link.get({ name })).flags & IFF_RUNNING) === 0) {
    assert.ok(Date.now() < deadline, `${name} has no carrier`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}
