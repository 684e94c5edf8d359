/**
 * For tests of sockets: a namespace whose loopback is up, and calls that are made to fail.
 */
import assert from "node:assert/strict";
import { afterEach } from "node:test";
import { patience } from "../../../../test/support/eventually.ts";
import { ipToBytes } from "../codec/inet.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import type { OwnedFd } from "./fd.ts";
import { acceptTcp } from "./inet-connection.ts";
import { InetSockaddr } from "./inet-socket.ts";
import { check, libc } from "./libc.ts";
import { NetNamespace } from "./namespace.ts";
import { type Fault, setGuard } from "./seam.ts";
import { SOL_SOCKET } from "./socket.ts";

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

// asm-generic/socket.h, linux/sock_diag.h: SK_MEMINFO_RMEM_ALLOC is the first of nine numbers.
const SO_MEMINFO = 55;
const memory = Buffer.alloc(36);
const memoryLength = Buffer.alloc(4);

/** Bytes of memory that wait to be received. */
function waiting(socket: OwnedFd): number {
  memoryLength.writeUInt32LE(memory.length);
  check(libc.getsockopt(socket.fd, SOL_SOCKET, SO_MEMINFO, memory, memoryLength), "getsockopt");
  return memory.readUInt32LE();
}

/** Has something sent, and waits until it is in the socket that it is for: the kernel may deliver it in its own time. */
export function deliver(send: () => void, to: OwnedFd): void {
  const before = waiting(to);
  send();
  until(() => waiting(to) > before);
}

/** Looks again and again until something is so, or it takes too long: what comes of that, the test's assertions tell. */
export function until(condition: () => boolean): void {
  const deadline = Date.now() + patience;
  while (!condition() && Date.now() < deadline);
}

/** What comes of a call once it is not `again`. */
export function outcome<T>(call: () => T): T {
  let result = call();
  until(() => {
    if (result === "again") result = call();
    return result !== "again";
  });
  return result;
}

/** The connection that a listening socket has, or will have in a moment. */
export function accepted(listener: OwnedFd): OwnedFd {
  const connection = outcome(() => acceptTcp(listener.fd) ?? "again");
  assert.ok(connection !== "again", "nobody has connected");
  return connection;
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
