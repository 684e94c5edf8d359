// A link carries packets once the kernel has noticed that both its ends are up, which it does in its own time (linkwatch).

import assert from "node:assert/strict";
import { link, type Rtnl } from "@causeway/kernel";
import { patience } from "./eventually.ts";

/** linux/if.h: the link is up, and the kernel knows it. */
const IFF_RUNNING = 0x40;

/**
 * Waits until the kernel has noticed that a link and its other end are up: before, the interface drops what it is to
 * send, and a bridge's port forwards nothing. The end that was up first is the one to wait for.
 */
export function awaitCarrier(rtnl: Rtnl, name: string): void {
  const deadline = Date.now() + patience;
  // Asking has newer kernels catch up; older ones need a moment, and it is not this thread that they need.
  while ((rtnl.query(link.get({ name })).flags & IFF_RUNNING) === 0) {
    assert.ok(Date.now() < deadline, `${name} has no carrier`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}
