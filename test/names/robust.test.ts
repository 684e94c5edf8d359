// What is asked in ways that nobody should: the others have their answers all the same.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Socket } from "node:net";
import { describe, test } from "node:test";
import { bindUdp, connectTcp, InetSockaddr } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { encode } from "dns-packet";
import { ask, attached, look } from "../support/dns-asker.ts";
import { namespaceOf, TestHost } from "../support/host.ts";

const server = new InetSockaddr(Uint8Array.of(127, 0, 0, 11), "127.0.0.11");

function connected(sandbox: Sandbox): Socket {
  using namespace = namespaceOf(sandbox);
  const { socket } = namespace.run(() => connectTcp(server, 53));
  const made = new Socket({ fd: socket.release(), readable: true, writable: true });
  made.on("error", () => undefined);
  return made;
}

function question(id: number, name: string): Buffer {
  const bytes = encode({ type: "query", id, flags: 0x100, questions: [{ type: "A", name }] });
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

async function scene(t: Parameters<typeof TestHost.create>[0]) {
  const { controller } = await TestHost.create(t, { resolver: true });
  const [web, db] = [await attached(controller, "web", "n"), await attached(controller, "db", "n")];
  const address = db.endpoints()[0]?.record.interface.ipv4?.replace(/\/\d+$/, "");
  return { web, address };
}

describe("the resolver", () => {
  test("answers any number of questions that come over one connection at once", async (t) => {
    const { web } = await scene(t);
    const socket = connected(web);
    const count = 2000;
    socket.write(Buffer.concat(Array.from({ length: count }, (_, id) => question(id, "db"))));
    let held = Buffer.alloc(0);
    const ids = new Set<number>();
    while (ids.size < count) {
      const [piece] = (await once(socket, "data", { signal: AbortSignal.timeout(20_000) })) as [Buffer];
      held = Buffer.concat([held, piece]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        ids.add(held.readUInt16BE(2));
        held = held.subarray(2 + held.readUInt16BE(0));
      }
    }
    assert.equal(held.length, 0);
    socket.destroy();
  });

  test("answers others while somebody sends nonsense, half of a question, or reads nothing", async (t) => {
    const { web, address } = await scene(t);
    const half = connected(web);
    half.write(question(1, "db").subarray(0, 9));
    const deaf = connected(web);
    deaf.pause();
    for (let id = 0; id < 20_000; id++) deaf.write(question(id & 0xffff, "db"));
    const nonsense = connected(web);
    nonsense.write(Buffer.alloc(70_000, 0xff));
    using namespace = namespaceOf(web);
    const fd = namespace.run(() => bindUdp(new InetSockaddr(new Uint8Array(4), "0.0.0.0"), 0)).release();
    const udp = createSocket("udp4");
    const listening = once(udp, "listening");
    udp.bind({ fd });
    await listening;
    for (let length = 0; length < 600; length++) udp.send(Buffer.alloc(length, length), 53, "127.0.0.11");
    for (let round = 0; round < 20; round++) {
      assert.equal(await look(web, "db"), address);
      assert.equal(await look(web, "db", { protocol: "tcp" }), address);
    }
    udp.close();
    for (const socket of [half, deaf, nonsense]) socket.destroy();
  });

  test("refuses what is no question, and says why", async (t) => {
    const { web } = await scene(t);
    const rcode = async (change: (bytes: Buffer) => Buffer) =>
      (await ask(web, "db", { change, patience: 1000 }))?.rcode;
    const with_ = (at: number, value: number) => (bytes: Buffer) => {
      bytes.writeUInt16BE(value, at);
      return bytes;
    };
    assert.equal(await rcode((bytes) => bytes), "NOERROR");
    assert.equal(await rcode(with_(4, 2)), "FORMERR");
    assert.equal(await rcode(with_(2, 0x2900)), "NOTIMP");
    assert.equal(await rcode((bytes) => Buffer.concat([bytes, Buffer.of(0)])), "FORMERR");
    assert.equal(await rcode(with_(2, 0x8100)), undefined);
  });

  test("holds more connections of a sandbox than it has room for by hanging up on the oldest", async (t) => {
    const { web, address } = await scene(t);
    const first = connected(web);
    const closed = once(first, "close", { signal: AbortSignal.timeout(20_000) });
    first.resume();
    const others = Array.from({ length: 256 }, () => connected(web));
    await closed;
    assert.equal(await look(web, "db", { protocol: "tcp" }), address);
    for (const socket of others) socket.destroy();
  });
});
