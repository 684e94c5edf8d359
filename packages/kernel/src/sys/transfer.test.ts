import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import type { OwnedFd } from "./fd.ts";
import { connectTcp, connectUdp } from "./inet-connection.ts";
import { bindUdp, listenTcp } from "./inet-socket.ts";
import type { NetNamespace } from "./namespace.ts";
import { accepted, at, failNext, mendAfterEach, newHost, outcome, until } from "./test-support.ts";
import { receiveDatagram, receiveStream, sendDatagram, sendDatagramTo, sendStream } from "./transfer.ts";

/** Both ends of a TCP connection. */
class Connection implements Disposable {
  readonly client: OwnedFd;
  readonly server: OwnedFd;

  constructor(host: NetNamespace) {
    using listener = host.run(() => listenTcp(at("127.0.0.1"), 5000, { backlog: 4 }));
    this.client = host.run(() => connectTcp(at("127.0.0.1"), 5000)).socket;
    this.server = accepted(listener);
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.server[Symbol.dispose]();
  }
}

describe("transfers", () => {
  checkLeaks();
  mendAfterEach();

  it("fill and send a part of a buffer", () => {
    using host = newHost();
    using connection = new Connection(host);
    const { client, server } = connection;
    assert.equal(sendStream(client.fd, Buffer.from("0123456789"), 2, 8), 6);
    const into = Buffer.alloc(10, ".");
    assert.equal(
      outcome(() => receiveStream(server.fd, into, 1, 4)),
      3,
    );
    assert.equal(into.toString("latin1"), ".234......");
    assert.equal(
      outcome(() => receiveStream(server.fd, into, 4)),
      3,
    );
    assert.equal(into.toString("latin1"), ".234567...");
    assert.equal(receiveStream(server.fd, into, 4), "again");
  });

  it("stay within the buffer, whatever they are told", () => {
    using host = newHost();
    using connection = new Connection(host);
    const { client, server } = connection;
    assert.equal(sendStream(client.fd, Buffer.from("0123456789"), 8, 1000), 2);
    assert.equal(sendStream(client.fd, Buffer.alloc(100)), 100);
    assert.equal(
      outcome(() => receiveStream(server.fd, Buffer.alloc(50), 10, 1000)),
      40,
    );
    using udp = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    using asker = host.run(() => connectUdp(at("127.0.0.1"), 5000));
    assert.equal(sendDatagram(asker.fd, Buffer.alloc(5), 1000), 5);
    assert.equal(
      outcome(() => receiveDatagram(udp.fd, Buffer.alloc(10))),
      5,
    );
    assert.equal(sendDatagramTo(udp.fd, Buffer.alloc(5), 1000, at("127.0.0.1").atPort(9)), 5);
  });

  it("send what there is room for, then nothing, then the rest", () => {
    using host = newHost();
    using connection = new Connection(host);
    const { client, server } = connection;
    const data = Buffer.alloc(64 * 1024 * 1024, "x");
    const first = sendStream(client.fd, data);
    assert.ok(typeof first === "number" && first > 0 && first < data.length);
    let sent = first;
    for (
      let more = sendStream(client.fd, data, sent);
      more !== "again";
      more = sendStream(client.fd, data, sent)
    ) {
      assert.ok(typeof more === "number");
      sent += more;
    }
    const into = Buffer.alloc(1024 * 1024);
    let read = 0;
    for (let part = receiveStream(server.fd, into); read < sent; part = receiveStream(server.fd, into)) {
      if (typeof part === "number") read += part;
    }
    assert.equal(read, sent);
    assert.equal(
      outcome(() => sendStream(client.fd, Buffer.from("rest"))),
      4,
    );
  });

  it("tell of a connection that was broken off as of one that was closed", () => {
    using host = newHost();
    using connection = new Connection(host);
    const { client, server } = connection;
    sendStream(client.fd, Buffer.from("not read"));
    server[Symbol.dispose]();
    until(() => sendStream(client.fd, Buffer.from("x")) === "end");
    assert.equal(sendStream(client.fd, Buffer.from("x")), "end");
    assert.equal(
      outcome(() => receiveStream(client.fd, Buffer.alloc(10))),
      "end",
    );
  });

  it("are made again when a signal interrupts them, and throw what is not to be expected", () => {
    using host = newHost();
    using connection = new Connection(host);
    const { client, server } = connection;
    using udp = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    const to = at("127.0.0.1").atPort(5000);
    const one = Buffer.alloc(1);
    const calls: readonly [operation: string, call: () => unknown][] = [
      ["send", () => sendStream(client.fd, one)],
      ["recv", () => receiveStream(server.fd, one)],
      ["sendto", () => sendDatagramTo(udp.fd, one, 1, to)],
      ["recv", () => receiveDatagram(udp.fd, one)],
    ];
    for (const [operation, call] of calls) {
      failNext(operation, { code: "EINTR" }, { code: "EINTR" });
      assert.equal(outcome(call), 1);
      failNext(operation, { code: "ENOMEM" });
      assert.throws(call, { name: "KernelError", operation, code: "ENOMEM" });
    }
    failNext("sendto", { code: "ENOBUFS" });
    assert.equal(sendDatagramTo(udp.fd, one, 1, to), "again");
  });
});
