/**
 * What conntrack cannot place is not translated: it must not leave with a sandbox's own address on it.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { link } from "@causeway/kernel";
import {
  ETHERTYPE,
  FrameSocket,
  frame,
  icmp,
  icmpv6,
  ipPacket,
  udp,
} from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { openUdp, serve } from "../../../../test/support/traffic.ts";
import { type Family, families, hostAddress, outsideAddress, Stage } from "./test-support.ts";

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

describe("errors about a connection", () => {
  checkLeaks();

  /** From an endpoint that says it could not receive what the other end of the connection had sent; with more in it than that. */
  function unreachable(family: Family, source: string, text: string): Buffer {
    const destination = outsideAddress[family];
    const quoted = ipPacket({
      source: destination,
      destination: hostAddress[family],
      protocol: UDP,
      payload: udp(7000, 5000, Buffer.from(text)),
    });
    const body = Buffer.concat([Buffer.alloc(4), quoted]);
    if (family === 6) return icmpv6(source, destination, 1, body);
    return ipPacket({ source, destination, protocol: 1, payload: icmp(3, 3, body) });
  }

  for (const internal of [true, false]) {
    it(`${internal ? "are no way out of" : "leave"} a network that is ${internal ? "" : "not "}internal`, async () => {
      await using stage = await Stage.open();
      const { host } = stage;
      const [teller] = await stage.addNetwork(1, 1, { internal });
      const [honest] = await stage.addNetwork(2, 1);
      assert.ok(teller && honest);
      using outside = new FrameSocket(host.outside, "eth0");
      for (const family of families) {
        const own = hostAddress[family];
        // The host's own connection with the neighbour outside, which the sandbox happens to know.
        await using _server = await serve(host.outside, {
          protocol: "udp",
          address: outsideAddress[family],
          port: 7000,
        });
        const client = openUdp(host.namespace, own, 5000);
        client.send("question", 7000, outsideAddress[family]);
        await once(client, "message");
        for (const [sandbox, text] of [
          [teller, "a secret"],
          [honest, "the last"],
        ] as const) {
          const { address: gatewayMac = "" } = host.rtnl.query(link.get({ name: `br-${sandbox.network}` }));
          using inside = new FrameSocket(sandbox.namespace, "eth0");
          const type = family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
          const packet = unreachable(family, sandbox.addresses[family], text);
          inside.send(frame(gatewayMac, sandbox.port.mac, type, packet));
        }
        // Sent later, and by a way that is no shorter.
        const seen = await outside.receivedUntil("the last", ...(internal ? [] : ["a secret"]));
        await new Promise<void>((done) => client.close(done));
        assert.equal(
          seen.some((bytes) => bytes.includes("a secret")),
          !internal,
          `IPv${family}`,
        );
      }
    });
  }
});
