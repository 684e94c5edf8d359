/**
 * What the tests of ports share: a host, a container behind it, and other programs on the host.
 */
import assert from "node:assert/strict";
import { Socket } from "node:net";
import type { TestContext } from "node:test";
import {
  InetSockaddr,
  ipToBytes,
  isKernelError,
  link,
  NetNamespace,
  Rtnl,
  socket,
  writeSysctl,
} from "@causeway/kernel";
import { joinByWire } from "../../../../test/support/wire.ts";
import type { PortMapping } from "../contracts/driver.ts";
import { failsWith } from "../test-support.ts";

export const portInUse = (message?: RegExp) => failsWith("conflict", "port_in_use", message);

/** A host: a namespace with loopback. It goes after the test. */
export function newHost(t: Pick<TestContext, "after">): NetNamespace {
  const host = NetNamespace.create();
  t.after(() => host[Symbol.dispose]());
  using rtnl = new Rtnl(host);
  rtnl.execute(link.change({ name: "lo" }, { up: true }));
  // Link-local addresses are good at once, and so is what they are needed for.
  host.run(() => writeSysctl("net/ipv6/conf/default/accept_dad", 0));
  return host;
}

export interface Container {
  readonly namespace: NetNamespace;
  readonly ipv4: string;
  readonly ipv6: string;
  /** The host's addresses on the link to it. */
  readonly gateway: { readonly ipv4: string; readonly ipv6: string };
}

/** A container of this host: another namespace, a veth pair away. Both ends carry packets. */
export function newContainer(t: Pick<TestContext, "after">, host: NetNamespace): Container {
  const namespace = newHost(t);
  const gateway = { ipv4: "172.30.0.1", ipv6: "fd00::1" };
  const container = { namespace, ipv4: "172.30.0.2", ipv6: "fd00::2", gateway };
  const cidrs = (of: { readonly ipv4: string; readonly ipv6: string }) => [`${of.ipv4}/24`, `${of.ipv6}/64`];
  joinByWire(
    { namespace: host, name: "veth0", addresses: cidrs(gateway) },
    { namespace, name: "eth0", addresses: cidrs(container) },
  );
  return container;
}

export const both = { ipv4: "172.30.0.2", ipv6: "fd00::2" };
export const ipv4Only = { ipv4: "172.30.0.2" };

export function tcp(containerPort: number, rest: Partial<PortMapping> = {}): PortMapping {
  return { protocol: "tcp", containerPort, ...rest };
}

export function udp(containerPort: number, rest: Partial<PortMapping> = {}): PortMapping {
  return { protocol: "udp", containerPort, ...rest };
}

export interface ForeignPort {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  /** With socket.SO_REUSEADDR, which most servers set. Default: without. */
  readonly reuse?: boolean;
}

/**
 * Does what another program would to get a port: bind, and listen where it is TCP.
 *
 * @returns what it holds then, or the name of the errno that it got
 */
function takeAsProgram(host: NetNamespace, wanted: ForeignPort): Disposable | string {
  const { protocol, address: ip, port, reuse = false } = wanted;
  const sockaddr = new InetSockaddr(ipToBytes(ip), ip);
  return host.run(() => {
    const kind = protocol === "tcp" ? socket.SOCK_STREAM : socket.SOCK_DGRAM;
    const taken = socket.openSocket(sockaddr.domain, kind, 0, { nonBlocking: true });
    try {
      if (ip.includes(":")) socket.setIntOption(taken, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1);
      if (reuse) socket.setIntOption(taken, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);
      socket.bindSocket(taken, sockaddr.atPort(port), ip);
      return taken;
    } catch (error) {
      taken[Symbol.dispose]();
      if (isKernelError(error)) return error.code;
      throw error;
    }
  });
}

/** Holds a port as another program for the length of a test. */
export function holdAsProgram(t: Pick<TestContext, "after">, host: NetNamespace, wanted: ForeignPort): void {
  const held = takeAsProgram(host, wanted);
  assert.ok(typeof held !== "string", `the test's own program could not take the port: ${String(held)}`);
  t.after(() => held[Symbol.dispose]());
}

/** True where another program can have the port; it does not keep it. */
export function isFree(host: NetNamespace, wanted: ForeignPort): boolean {
  const taken = takeAsProgram(host, wanted);
  if (typeof taken === "string") {
    assert.equal(taken, "EADDRINUSE");
    return false;
  }
  taken[Symbol.dispose]();
  return true;
}

/** A TCP connection from a program in this namespace, from a certain address where one is given. */
export function connectFrom(namespace: NetNamespace, ip: string, port: number, source?: string): Socket {
  const fd = namespace.run(() => {
    const domain = ip.includes(":") ? socket.AF_INET6 : socket.AF_INET;
    const opened = socket.openSocket(domain, socket.SOCK_STREAM, 0, { nonBlocking: true });
    if (source !== undefined) {
      socket.bindSocket(opened, new InetSockaddr(ipToBytes(source), source).atPort(0), source);
    }
    return opened.release();
  });
  return new Socket({ fd, allowHalfOpen: true }).connect({ host: ip, port });
}
