/** Runs where the kernel has ESP: test/ipsec.peers.test.ts takes it into a virtual machine. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { ipsecEsp } from "../features.ts";
import { hasFeature } from "../sys/features.ts";
import { NetNamespace } from "../sys/namespace.ts";
import * as state from "./state.ts";
import { Xfrm } from "./xfrm.ts";

const aead = {
  algorithm: "rfc4106(gcm(aes))",
  key: Uint8Array.from({ length: 36 }, (_, at) => at),
  icvBits: 128,
};

const settings = {
  source: "10.0.0.1",
  destination: "10.0.0.2",
  spi: 0x1234_5678,
  requestId: 77,
  sequence: 0xffff_fffe,
  aead,
  replayWindow: 2048,
  selector: {
    family: 4,
    source: "10.0.0.1/32",
    destination: "10.0.0.2/32",
    protocol: 17,
    destinationPort: 4793,
  },
} as const;

const unused = { outgoing: 0, incoming: 0, outgoingHigh: 0, incomingHigh: 0 };

describe("states", { skip: hasFeature(ipsecEsp) ? false : "this kernel has no ESP" }, () => {
  checkLeaks();

  it("are in the kernel as they were asked for, as iproute2 sees them, too", () => {
    using namespace = NetNamespace.create();
    using xfrm = new Xfrm(namespace);
    const six = { ...settings, source: "fd00::1", destination: "fd00::2", selector: { family: 6 } } as const;
    xfrm.execute(state.add(settings), state.add({ ...six, mark: { value: 1, mask: 1 } }));
    const shown = { protocol: 50, packets: 0n, replay: { ...unused, window: 2048 } };
    const { replayWindow: _window, ...same } = settings;
    assert.deepEqual(xfrm.query(state.get(settings)), { ...same, ...shown });
    const listed = xfrm.dump(state.list({ requestId: 77 }));
    assert.deepEqual(
      listed.find(({ source }) => source === "fd00::1"),
      {
        ...same,
        ...shown,
        source: "fd00::1",
        destination: "fd00::2",
        selector: { family: 6 },
        mark: { value: 1, mask: 1 },
      },
    );
    const { stdout } = namespace.run(() => spawnSync("ip", ["-s", "xfrm", "state"], { encoding: "utf8" }));
    const text = stdout.replaceAll(/\s+/g, " ");
    assert.match(text, /src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x12345678\(305419896\) reqid 77/);
    // iproute2 6.1 writes "0x" and then a decimal number.
    assert.match(text, /seq 0x4294967294 flag esn/);
    assert.match(text, /replay_window 2048, bitmap-length 64/);
    assert.match(text, /sel src 10.0.0.1\/32 dst 10.0.0.2\/32 proto udp dport 4793/);
    assert.match(text, /hard \(INF\)\(packets\) expire add: soft 0\(sec\), hard 0\(sec\)/);
  });

  it("are added once and removed one by one, and others' are not listed", () => {
    using namespace = NetNamespace.create();
    using xfrm = new Xfrm(namespace);
    const others = { ...settings, spi: 0x2000, requestId: 5 };
    xfrm.execute(state.add(settings), state.add(others));
    assert.throws(() => xfrm.execute(state.add(settings)), { code: "EEXIST" });
    assert.deepEqual(
      xfrm.dump(state.list({ requestId: 77 })).map(({ spi }) => spi),
      [settings.spi],
    );
    xfrm.execute(state.remove(settings));
    assert.throws(() => xfrm.query(state.get(settings)), { code: "ESRCH" });
    assert.throws(() => xfrm.execute(state.remove(settings)), {
      message: "XFRM_MSG_DELSA state 0x12345678 to 10.0.0.2 failed with ESRCH",
    });
    assert.deepEqual(
      xfrm.dump(state.list()).map(({ spi }) => spi),
      [0x2000],
    );
  });

  it("keep their keys when they are completed once more", () => {
    using namespace = NetNamespace.create();
    using xfrm = new Xfrm(namespace);
    xfrm.execute(state.add(settings), state.update(settings));
    assert.deepEqual(xfrm.query(state.get(settings)).aead, aead);
    assert.throws(() => xfrm.execute(state.update({ ...settings, spi: 0x999 })), { code: "ESRCH" });
  });
});
