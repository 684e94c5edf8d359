/**
 * A TCP segment far outside the window of a connection that is rewritten: conntrack cannot place it, so it reaches the host
 * itself, and the host's answer, a reset, would end the connection.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { describe, it } from "node:test";
import { InetSockaddr, ipToBytes, link, listenTcp, NftContext, Rtnl, socket } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import { checksum, ETHERTYPE, FrameSocket, frame, ipPacket } from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { hostAddress, outsideAddress, Stage } from "./test-support.ts";

const TCP = 6;
const port = 7100;
// RFC 9293
const flags = { reset: 0x04, acknowledgement: 0x10 } as const;

interface Segment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
}

/** The segments among frames of IPv4 without options. */
function segmentsIn(frames: readonly Buffer[]): Segment[] {
  return frames
    .filter((bytes) => bytes.readUInt16BE(12) === ETHERTYPE.ipv4 && bytes[23] === TCP)
    .map((bytes) => ({
      sourcePort: bytes.readUInt16BE(34),
      destinationPort: bytes.readUInt16BE(36),
      sequence: bytes.readUInt32BE(38),
      acknowledgement: bytes.readUInt32BE(42),
      flags: bytes.readUInt8(47),
    }));
}

/** From the server outside to the host, without data. */
function packetOf(segment: Segment): Buffer {
  const [source, destination] = [outsideAddress[4], hostAddress[4]];
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16BE(segment.sourcePort, 0);
  bytes.writeUInt16BE(segment.destinationPort, 2);
  bytes.writeUInt32BE(segment.sequence, 4);
  bytes.writeUInt32BE(segment.acknowledgement, 8);
  bytes[12] = 0x50; // five words of header
  bytes[13] = segment.flags;
  bytes.writeUInt16BE(1000, 14);
  const pseudo = Buffer.concat([
    ipToBytes(source),
    ipToBytes(destination),
    Buffer.from([0, TCP, 0, bytes.length]),
  ]);
  bytes.writeUInt16BE(checksum(Buffer.concat([pseudo, bytes])), 16);
  return ipPacket({ source, destination, protocol: TCP, payload: bytes });
}

describe("a stray segment of a connection that is masqueraded", () => {
  checkLeaks();

  for (const guarded of [true, false]) {
    it(guarded ? "does not end it" : "would end it without the rule about resets", async () => {
      await using stage = await Stage.open();
      const { host } = stage;
      const [sandbox] = await stage.addNetwork(1, 1);
      assert.ok(sandbox);
      using nft = new NftContext(host.namespace);
      if (!guarded) nft.run("flush chain inet causeway answering");
      const everywhere = new InetSockaddr(ipToBytes("0.0.0.0"), "any");
      const listener = host.outside.run(() => listenTcp(everywhere, port, { backlog: 1 }));
      const server = createServer((connection) => connection.on("error", () => undefined).pipe(connection));
      server.listen({ fd: listener.release() });
      using wire = new FrameSocket(host.outside, "eth0");
      const opened = sandbox.namespace.run(() =>
        socket.openSocket(socket.AF_INET, socket.SOCK_STREAM, 0, { nonBlocking: true }),
      );
      const client = new Socket({ fd: opened.release() });
      let ended = "";
      client.on("error", (error) => {
        ended = error.message;
      });
      client.connect({ host: outsideAddress[4], port });
      await once(client, "connect");
      const seen: Segment[] = [];
      const last = await eventually(() => {
        seen.push(...segmentsIn(wire.received()));
        const found = seen.find((one) => one.destinationPort === port && one.flags === flags.acknowledgement);
        assert.ok(found, "the client's acknowledgement");
        return found;
      });

      using outside = new Rtnl(host.outside);
      const macs = [host.rtnl.query(link.get({ name: "wan0" })), outside.query(link.get({ name: "eth0" }))];
      const [to = "", from = ""] = macs.map(({ address }) => address);
      const stray = {
        sourcePort: port,
        destinationPort: last.sourcePort,
        sequence: (last.acknowledgement + 0x3000_0000) >>> 0,
        acknowledgement: last.sequence,
        flags: flags.acknowledgement,
      };
      wire.send(frame(to, from, ETHERTYPE.ipv4, packetOf(stray)));
      if (guarded) {
        // What is said later comes back, and no reset has come before it.
        client.write("later");
        const [answer] = await once(client, "data");
        assert.equal(String(answer), "later");
        const resets = segmentsIn(wire.received()).filter((one) => (one.flags & flags.reset) !== 0);
        assert.deepEqual([resets, ended], [[], ""]);
      } else {
        await eventually(() => {
          client.write("later");
          assert.notEqual(ended, "");
        });
      }
      client.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    });
  }
});
