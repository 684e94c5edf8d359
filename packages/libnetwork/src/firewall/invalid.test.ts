/**
 * What conntrack cannot place is not translated: it must not leave with a sandbox's own address on it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link } from "@causeway/kernel";
import { ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { families, outsideAddress, Stage } from "./test-support.ts";

const TCP = 6;
const UDP = 17;

/** A TCP reset of a connection that never was. */
function strayReset(): Buffer {
  const segment = Buffer.alloc(40);
  segment.writeUInt16BE(4000, 0);
  segment.writeUInt16BE(4000, 2);
  segment[12] = 0x50; // five words of header
  segment[13] = 0x04; // RST
  segment.write("stray", 20);
  return segment;
}

describe("packets that belong to no connection", () => {
  checkLeaks();

  for (const masquerade of [true, false]) {
    it(`${masquerade ? "stay inside" : "leave"} where sources are ${masquerade ? "" : "not "}rewritten`, async () => {
      await using stage = await Stage.open();
      const [sandbox] = await stage.addNetwork(1, 1, { ipv4: { masquerade }, ipv6: { masquerade } });
      assert.ok(sandbox);
      const { address: gatewayMac = "" } = stage.host.rtnl.query(link.get({ name: "br-1" }));
      using inside = new FrameSocket(sandbox.namespace, "eth0");
      using outside = new FrameSocket(stage.host.outside, "eth0");
      for (const family of families) {
        const send = (protocol: number, payload: Buffer) => {
          const packet = {
            source: sandbox.addresses[family],
            destination: outsideAddress[family],
            protocol,
            payload,
          };
          const type = family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
          inside.send(frame(gatewayMac, sandbox.port.mac, type, ipPacket(packet)));
        };
        send(TCP, strayReset());
        send(UDP, udp(4000, 4000, Buffer.from("honest")));
        const seen = await outside.receivedUntil("honest", ...(masquerade ? [] : ["stray"]));
        assert.equal(
          seen.some((bytes) => bytes.includes("stray")),
          !masquerade,
          `IPv${family}`,
        );
      }
    });
  }
});
