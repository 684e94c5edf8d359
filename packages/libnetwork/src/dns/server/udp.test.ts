import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bindUdp, connectUdp, InetSockaddr, receiveDatagram, sendDatagram } from "@causeway/kernel";
import { makeBatch, UdpService } from "./udp.ts";

const loopback = new InetSockaddr(Uint8Array.of(127, 0, 78, 1), "127.0.78.1");
const port = 5353;
const question = Buffer.from("asked");

describe("UdpService", () => {
  it("answers all that wait, and leaves a flood a moment to grow", () => {
    using server = bindUdp(loopback, port);
    using client = connectUdp(loopback, port);
    const rests: number[] = [];
    let asked = 0;
    const loop = { rest: () => rests.push(asked) };
    const answering = { answer: () => 4 };
    const service = new UdpService(server.fd, { loop, batch: makeBatch(), catchUp: () => {} }, answering);
    for (asked of [1, 7, 8, 64]) {
      for (let i = 0; i < asked; i++) sendDatagram(client.fd, question, question.length);
      service.ready();
      const answer = Buffer.alloc(16);
      for (let i = 0; i < asked; i++) assert.equal(receiveDatagram(client.fd, answer), 4);
      assert.equal(receiveDatagram(client.fd, answer), "again");
    }
    assert.deepEqual(rests, [8, 64]);
    service.close();
  });
});
