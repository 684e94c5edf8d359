import assert from "node:assert/strict";
import { once } from "node:events";
import { readSync, writeSync } from "node:fs";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { ipToBytes } from "../codec/inet.ts";
import * as address from "../rtnl/address.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { NetNamespace } from "./namespace.ts";
import { openTun } from "./tun.ts";

const IPPROTO_UDP = 17;

describe("tun and tap", () => {
  checkLeaks();

  it("hand a program the packets that are routed to the link, and the kernel those that are written", async () => {
    using namespace = NetNamespace.create();
    using rtnl = new Rtnl(namespace);
    using device = namespace.run(() => openTun({ name: "tun0", mode: "tun" }));
    const { index, info } = rtnl.query(link.get({ name: "tun0" }));
    assert.deepEqual([info?.kind, info?.tun?.type, info?.tun?.persistent], ["tun", "tun", false]);
    rtnl.execute(
      link.change({ index }, { up: true }),
      address.add({ link: index, address: "10.0.0.1", prefixLength: 24 }),
    );
    const sender = namespace.spawn("bash", ["-c", "echo hello > /dev/udp/10.0.0.2/5000"]);
    await once(sender, "exit");
    const packet = Buffer.alloc(2000);
    let length = 0;
    // The kernel sends router solicitations and the like of its own.
    do length = readSync(device.fd, packet);
    while (packet.readUInt8(0) >> 4 !== 4 || packet.readUInt8(9) !== IPPROTO_UDP);
    assert.deepEqual(new Uint8Array(packet.subarray(16, 20)), ipToBytes("10.0.0.2"));
    assert.equal(packet.toString("latin1", 28, length), "hello\n");
    const before = rtnl.query(link.get({ index })).statistics?.rxPackets ?? 0n;
    assert.equal(writeSync(device.fd, packet, 0, length), length);
    assert.equal(rtnl.query(link.get({ index })).statistics?.rxPackets, before + 1n);
  });

  it("go with their descriptor, unless they are persistent", async () => {
    using namespace = NetNamespace.create();
    using rtnl = new Rtnl(namespace);
    namespace.run(() => openTun({ name: "tap0", mode: "tap" }))[Symbol.dispose]();
    assert.equal(rtnl.findLink({ name: "tap0" }), undefined);
    const options = {
      name: "tap1",
      mode: "tap",
      persistent: true,
      owner: 1000,
      group: 1001,
      multiQueue: true,
    } as const;
    namespace.run(() => openTun(options))[Symbol.dispose]();
    const tun = rtnl.findLink({ name: "tap1" })?.info?.tun;
    assert.deepEqual(
      [tun?.type, tun?.persistent, tun?.owner, tun?.group, tun?.multiQueue],
      ["tap", true, 1000, 1001, true],
    );
    rtnl.execute(link.remove({ name: "tap1" }));
    assert.equal(rtnl.findLink({ name: "tap1" }), undefined);
  });

  it("are opened once, and under a name that a link can have", () => {
    using namespace = NetNamespace.create();
    using first = namespace.run(() => openTun({ name: "tun0", mode: "tun" }));
    assert.ok(first.fd > 0);
    assert.throws(() => namespace.run(() => openTun({ name: "tun0", mode: "tun" })), {
      message: "TUNSETIFF tun0 failed with EBUSY",
    });
    assert.throws(() => openTun({ name: "sixteen-letters!", mode: "tun" }), TypeError);
    assert.throws(() => openTun({ name: "", mode: "tun" }), TypeError);
  });
});
