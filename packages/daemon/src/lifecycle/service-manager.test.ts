import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { socket } from "@causeway/kernel";
import { ServiceManager } from "./service-manager.ts";

const name = `@causeway-service-manager-${process.pid}`;

/** What is told at a socket of this name, and nothing where nothing is. */
function inbox(t: TestContext) {
  const address = Buffer.from(`__${name}`);
  address.writeUInt16LE(socket.AF_UNIX);
  address.writeUInt8(0, 2);
  const opened = socket.openSocket(socket.AF_UNIX, socket.SOCK_DGRAM, 0, { nonBlocking: true });
  t.after(() => opened[Symbol.dispose]());
  socket.bindSocket(opened, address, name);
  const data = Buffer.alloc(512);
  return () => {
    try {
      return data.toString("utf8", 0, socket.receiveBytes(opened, data, socket.MSG_DONTWAIT, name));
    } catch {
      return undefined;
    }
  };
}

describe("the service manager", () => {
  it("is given a sign of life twice in each period, from the time that we are ready until the end", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const told = inbox(t);
    {
      using manager = new ServiceManager({ NOTIFY_SOCKET: name, WATCHDOG_USEC: "3000000" }, 7);
      t.mock.timers.tick(3000);
      assert.equal(told(), undefined);
      manager.ready("well");
      manager.ready("well");
      assert.match(told() ?? "", /^READY=1\nSTATUS=well\n/);
      told();
      t.mock.timers.tick(1499);
      assert.equal(told(), undefined);
      t.mock.timers.tick(1);
      assert.deepEqual([told(), told()], ["WATCHDOG=1", undefined]);
      t.mock.timers.tick(1500);
      assert.equal(told(), "WATCHDOG=1");
    }
    t.mock.timers.tick(6000);
    assert.equal(told(), undefined);
  });

  it("is given none where it waits for another process's, or for nobody's", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const told = inbox(t);
    for (const [pid, alive] of [
      ["7", "WATCHDOG=1"],
      ["8", undefined],
    ] as const) {
      const environment = { NOTIFY_SOCKET: name, WATCHDOG_USEC: "2000", WATCHDOG_PID: pid };
      using manager = new ServiceManager(environment, 7);
      manager.ready("well");
      told();
      t.mock.timers.tick(1);
      assert.equal(told(), alive);
    }
    using without = new ServiceManager({ NOTIFY_SOCKET: name }, 7);
    without.ready("well");
    told();
    t.mock.timers.tick(100_000);
    assert.equal(told(), undefined);
  });

  it("is told why it failed in one line; where nobody listens, nothing happens", (t) => {
    new ServiceManager({ NOTIFY_SOCKET: name }).failed("nobody");
    const told = inbox(t);
    using manager = new ServiceManager({ NOTIFY_SOCKET: name });
    manager.failed("one\ntwo");
    assert.equal(told(), "STATUS=one; two");
    manager.stopping(10);
    assert.equal(told(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000");
    new ServiceManager({}).ready("nobody asks");
    assert.equal(told(), undefined);
  });
});
