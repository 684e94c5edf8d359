import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { ipToBytes } from "../codec/inet.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { DatagramBatch } from "./datagram-batch.ts";
import type { OwnedFd } from "./fd.ts";
import { connectUdp } from "./inet-connection.ts";
import { bindUdp } from "./inet-socket.ts";
import { AF_INET, openSocket, SOCK_RAW } from "./socket.ts";
import { at, deliver, failNext, mendAfterEach, newHost, until } from "./test-support.ts";
import { receiveDatagram, sendDatagram, sendDatagramTo } from "./transfer.ts";

const IPPROTO_UDP = 17;

function ask(client: OwnedFd, server: OwnedFd, question: string): void {
  const bytes = Buffer.from(question);
  deliver(() => assert.equal(sendDatagram(client.fd, bytes, bytes.length), bytes.length), server);
}

/** Checks that a client hears these, and no others. */
function hears(client: OwnedFd, expected: readonly string[]): void {
  const into = Buffer.alloc(2000);
  const texts: string[] = [];
  until(() => {
    for (let length = receiveDatagram(client.fd, into); typeof length === "number"; ) {
      texts.push(into.toString("latin1", 0, length));
      length = receiveDatagram(client.fd, into);
    }
    return texts.length >= expected.length;
  });
  assert.deepEqual(texts, expected);
}

function received(batch: DatagramBatch, slot: number): string {
  const start = batch.receivedAt(slot);
  return batch.bytes.toString("latin1", start, start + batch.receivedLength(slot));
}

function answer(batch: DatagramBatch, slot: number, text: string): void {
  batch.reply(slot, batch.bytes.write(text, batch.answerAt(slot), "latin1"));
}

/** So many clients ask at once, `1` and so on: each is answered by a message of its own. */
function crowd(
  stack: DisposableStack,
  host: ReturnType<typeof newHost>,
  server: OwnedFd,
  size: number,
): OwnedFd[] {
  const clients = Array.from({ length: size }, () =>
    stack.use(host.run(() => connectUdp(at("127.0.0.1"), 5000))),
  );
  for (const [index, client] of clients.entries()) ask(client, server, String(index + 1));
  return clients;
}

function echoAll(batch: DatagramBatch, count: number): void {
  for (let slot = 0; slot < count; slot++) answer(batch, slot, `${received(batch, slot)}!`);
}

describe("DatagramBatch", () => {
  checkLeaks();
  mendAfterEach();

  for (const ip of ["127.0.0.11", "::1"]) {
    it(`${ip}: answers each datagram to who sent it`, () => {
      using host = newHost();
      using server = host.run(() => bindUdp(at(ip), 5000));
      using one = host.run(() => connectUdp(at(ip), 5000));
      using other = host.run(() => connectUdp(at(ip), 5000));
      const batch = new DatagramBatch({ receive: 100, answer: 200 });
      assert.equal(batch.receive(server.fd), 0);
      ask(one, server, "a");
      ask(other, server, "bb");
      ask(one, server, "");
      ask(one, server, "c".repeat(100));
      const count = batch.receive(server.fd);
      assert.equal(count, 4);
      assert.deepEqual(
        [0, 1, 2, 3].map((slot) => received(batch, slot)),
        ["a", "bb", "", "c".repeat(100)],
      );
      assert.equal(batch.senderPort(0), batch.senderPort(2));
      assert.notEqual(batch.senderPort(0), batch.senderPort(1));
      // Not all of them, and not in order.
      for (const slot of [3, 1, 0]) answer(batch, slot, `${received(batch, slot)}!`);
      assert.equal(batch.flush(server.fd), 3);
      assert.equal(batch.flush(server.fd), 0);
      hears(one, [`${"c".repeat(100)}!`, "a!"]);
      hears(other, ["bb!"]);
      assert.equal(batch.dropped, 0);
    });
  }

  it("serves sockets of both families in turn, and more datagrams than it has slots", () => {
    using host = newHost();
    const batch = new DatagramBatch({ slots: 3, receive: 50, answer: 50 });
    for (let round = 0; round < 3; round++) {
      for (const ip of ["::1", "127.0.0.1"]) {
        using server = host.run(() => bindUdp(at(ip), 5000));
        using client = host.run(() => connectUdp(at(ip), 5000));
        const questions = ["1", "2", "3", "4", "5"];
        for (const question of questions) ask(client, server, question);
        for (const expected of [3, 2, 0]) {
          const count = batch.receive(server.fd);
          assert.equal(count, expected);
          echoAll(batch, count);
          assert.equal(batch.flush(server.fd), expected);
        }
        hears(
          client,
          questions.map((question) => `${question}!`),
        );
      }
    }
  });

  it("tells of a datagram that was cut off, and leaves its neighbours alone", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    const batch = new DatagramBatch({ receive: 100, answer: 100 });
    for (const text of ["a".repeat(1000), "b".repeat(101), "c".repeat(100)]) ask(client, server, text);
    assert.equal(batch.receive(server.fd), 3);
    assert.deepEqual(
      [0, 1, 2].map((slot) => [received(batch, slot), batch.isTruncated(slot)]),
      [
        ["a".repeat(100), true],
        ["b".repeat(100), true],
        ["c".repeat(100), false],
      ],
    );
    ask(client, server, "d");
    batch.receive(server.fd);
    assert.deepEqual([received(batch, 0), batch.isTruncated(0)], ["d", false]);
  });

  it("names a sender for an answer that takes its time", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("::1"), 5000));
    using client = host.run(() => connectUdp(at("::1"), 5000));
    using another = host.run(() => connectUdp(at("::1"), 5000));
    const batch = new DatagramBatch({ slots: 1, receive: 100, answer: 100 });
    ask(client, server, "slow");
    batch.receive(server.fd);
    const sender = batch.senderOf(0);
    ask(another, server, "fast");
    batch.receive(server.fd);
    assert.equal(sendDatagramTo(server.fd, Buffer.from("late--"), 4, sender), 4);
    hears(client, ["late"]);
    hears(another, []);
  });

  it("forgets answers that were not sent when it receives again, and takes no more than it has room for", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    const batch = new DatagramBatch({ slots: 1, receive: 100, answer: 100 });
    ask(client, server, "a");
    batch.receive(server.fd);
    assert.throws(() => batch.reply(0, 101), RangeError);
    batch.reply(0, 100);
    assert.throws(() => batch.reply(0, 1), RangeError);
    assert.equal(batch.receive(server.fd), 0);
    assert.equal(batch.flush(server.fd), 0);
    hears(client, []);
  });

  it("drops and counts what there is no room for", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using stack = new DisposableStack();
    const batch = new DatagramBatch({ receive: 100, answer: 100 });
    const clients = crowd(stack, host, server, 4);
    echoAll(batch, batch.receive(server.fd));
    // All four go, and two are said to have gone; then there is no room.
    failNext("sendmmsg", { code: "EIO", torn: true }, { code: "EINTR" }, { code: "EAGAIN" });
    assert.equal(batch.flush(server.fd), 2);
    assert.equal(batch.dropped, 2);
    for (const [index, client] of clients.entries()) hears(client, [`${index + 1}!`]);
    const [client = server] = clients;
    ask(client, server, "5");
    echoAll(batch, batch.receive(server.fd));
    assert.equal(batch.flush(server.fd), 1);
    hears(client, ["5!"]);
    assert.equal(batch.dropped, 2);
  });

  it("goes on after a part was sent", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using stack = new DisposableStack();
    const batch = new DatagramBatch({ receive: 100, answer: 100 });
    const clients = crowd(stack, host, server, 4);
    echoAll(batch, batch.receive(server.fd));
    failNext("sendmmsg", { code: "EIO", torn: true });
    assert.equal(batch.flush(server.fd), 4);
    for (const [index, client] of clients.entries()) {
      hears(client, index < 2 ? [`${index + 1}!`] : [`${index + 1}!`, `${index + 1}!`]);
    }
    assert.equal(batch.dropped, 0);
  });

  it("sends answers to one asker together, in order, whatever their lengths", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    using other = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    const batch = new DatagramBatch({ slots: 100, receive: 10, answer: 2000 });
    const lengths = [...Array.from({ length: 70 }, () => 5), 9, 9, 3, 3, 0, 4, 2000, 2000, 1];
    const texts = lengths.map((length, index) => String.fromCharCode(0x21 + index).repeat(length));
    for (const [index] of lengths.entries()) ask(index % 10 === 9 ? other : client, server, "?");
    assert.equal(batch.receive(server.fd), lengths.length);
    for (const [slot, text] of texts.entries()) answer(batch, slot, text);
    assert.equal(batch.flush(server.fd), lengths.length);
    const isOthers = (_text: string, index: number) => index % 10 === 9;
    hears(other, texts.filter(isOthers));
    hears(
      client,
      texts.filter((text, index) => !isOthers(text, index)),
    );
  });

  it("sends each alone where they cannot go together, and leaves out what cannot go at all", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    using other = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    const batch = new DatagramBatch({ receive: 100, answer: 100 });
    for (const text of ["1", "2", "3"]) {
      ask(other, server, text);
      ask(client, server, text);
    }
    echoAll(batch, batch.receive(server.fd));
    // The first group twice, then the first of it alone twice.
    const refusal = { code: "EMSGSIZE" };
    failNext("sendmmsg", refusal, refusal, refusal, refusal);
    assert.equal(batch.flush(server.fd), 5);
    hears(other, ["2!", "3!"]);
    hears(client, ["1!", "2!", "3!"]);
    assert.equal(batch.dropped, 1);
  });

  it("sends through a loopback whose MTU is smaller than an answer", () => {
    using host = newHost();
    using rtnl = new Rtnl(host);
    rtnl.execute(link.change({ name: "lo" }, { mtu: 600 }));
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    const batch = new DatagramBatch({ receive: 10, answer: 1000 });
    for (const text of ["1", "2", "3"]) ask(client, server, text);
    const count = batch.receive(server.fd);
    for (let slot = 0; slot < count; slot++) answer(batch, slot, received(batch, slot).repeat(1000));
    assert.equal(batch.flush(server.fd), 3);
    hears(client, ["1".repeat(1000), "2".repeat(1000), "3".repeat(1000)]);
    assert.equal(batch.dropped, 0);
  });

  it("passes over errors of earlier datagrams, sending and receiving", () => {
    using host = newHost();
    using server = host.run(() => connectUdp(at("127.0.0.1"), 5001, { sourcePort: 5000 }));
    const batch = new DatagramBatch({ receive: 100, answer: 100 });
    sendDatagram(server.fd, Buffer.from("nobody is there"), 1);
    assert.equal(batch.receive(server.fd), 0, "ECONNREFUSED waited");
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000, { sourcePort: 5001 }));
    for (const text of ["1", "2"]) ask(client, server, text);
    echoAll(batch, batch.receive(server.fd));
    failNext("sendmmsg", { code: "ECONNREFUSED" });
    assert.equal(batch.flush(server.fd), 2);
    hears(client, ["1!", "2!"]);
  });

  it("leaves out an answer that the kernel refuses: nobody can be at port 0", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    using raw = host.run(() => openSocket(AF_INET, SOCK_RAW, IPPROTO_UDP));
    const batch = new DatagramBatch({ receive: 100, answer: 100 });
    ask(client, server, "1");
    // Source port 0, port 5000, 9 bytes, no checksum.
    const forged = Buffer.from([0, 0, 5000 >> 8, 5000 & 0xff, 0, 9, 0, 0, 0x32]);
    const to = at("127.0.0.1").atPort(0);
    deliver(() => sendDatagramTo(raw.fd, forged, forged.length, to), server);
    ask(client, server, "3");
    echoAll(batch, batch.receive(server.fd));
    assert.deepEqual([batch.senderPort(1), received(batch, 1)], [0, "2"]);
    assert.equal(batch.flush(server.fd), 2);
    hears(client, ["1!", "3!"]);
    assert.equal(batch.dropped, 1);
  });

  it("keeps datagrams, senders and answers apart, whoever sends how much and in whatever order it is answered", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using stack = new DisposableStack();
    const clients = [0, 1, 2].map(() => stack.use(host.run(() => connectUdp(at("127.0.0.1"), 5000))));
    const batch = new DatagramBatch({ slots: 7, receive: 70, answer: 90 });
    const question = fc.record({
      client: fc.nat(2),
      text: fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 70 }),
      /** In which order it is answered; undefined is not at all. */
      order: fc.option(fc.nat(100), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(question, { maxLength: 7 }), (questions) => {
        for (const { client, text } of questions) ask(clients[client] ?? server, server, text);
        assert.equal(batch.receive(server.fd), questions.length);
        const order = [...questions.entries()]
          .filter(([, { order }]) => order !== undefined)
          .sort(([, a], [, b]) => (a.order ?? 0) - (b.order ?? 0));
        for (const [slot] of order) answer(batch, slot, `${slot}: ${received(batch, slot)}`);
        assert.equal(batch.flush(server.fd), order.length);
        for (const [number, client] of clients.entries()) {
          hears(
            client,
            order.filter(([, { client }]) => client === number).map(([slot, { text }]) => `${slot}: ${text}`),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it("tells when the descriptor is no socket", () => {
    using host = newHost();
    const batch = new DatagramBatch({ receive: 100, answer: 100 });
    assert.throws(() => batch.receive(host.fd), { operation: "recvmmsg", code: "ENOTSOCK" });
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    ask(client, server, "1");
    echoAll(batch, batch.receive(server.fd));
    assert.throws(() => batch.flush(host.fd), { operation: "sendmmsg", code: "ENOTSOCK" });
  });

  it("knows an IPv4 sender by its address", () => {
    using host = newHost();
    using server = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using client = host.run(() => connectUdp(at("127.0.0.1"), 5000, { sourcePort: 5353 }));
    const batch = new DatagramBatch({ receive: 100, answer: 100 });
    ask(client, server, "1");
    batch.receive(server.fd);
    assert.equal(batch.senderPort(0), 5353);
    assert.deepEqual(batch.senderOf(0).subarray(4, 8), ipToBytes("127.0.0.1"));
    assert.equal(batch.senderOf(0).length, 16);
  });
});
