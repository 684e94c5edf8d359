/**
 * For tests of sockets: a namespace whose loopback is up, and calls that are made to fail.
 */
import { afterEach } from "node:test";
import { ipToBytes } from "../codec/inet.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { InetSockaddr } from "./inet-socket.ts";
import { NetNamespace } from "./namespace.ts";
import { type Fault, setGuard } from "./seam.ts";

/** A namespace with an interface: until it is up there are no local addresses. */
export function newHost(): NetNamespace {
  const host = NetNamespace.create();
  using rtnl = new Rtnl(host);
  rtnl.execute(link.change({ name: "lo" }, { up: true }));
  return host;
}

export function at(ip: string): InetSockaddr {
  return new InetSockaddr(ipToBytes(ip), ip);
}

/** Lets the next calls of an operation fail, one after the other; undefined is a call that is let be. Ends with the test. */
export function failNext(operation: string, ...faults: readonly (Fault | undefined)[]): void {
  const left = [...faults];
  setGuard({
    before: (crossing) => (crossing.operation === operation ? left.shift() : undefined),
    after: () => undefined,
  });
}

/** Call it in a `describe` that uses {@link failNext}. */
export function mendAfterEach(): void {
  afterEach(() => setGuard(undefined));
}
