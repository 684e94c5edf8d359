import assert from "node:assert/strict";
import { constants } from "node:os";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { ipToBytes } from "../codec/inet.ts";
import * as address from "../rtnl/address.ts";
import { pair, TestHost } from "../rtnl/test-support.ts";
import {
  acceptTcp,
  connectTcp,
  connectUdp,
  endSending,
  pendingError,
  setNoDelay,
} from "./inet-connection.ts";
import { bindUdp, InetSockaddr, listenTcp } from "./inet-socket.ts";
import { EPOLLERR, EPOLLHUP, EPOLLOUT, Poller } from "./poller.ts";
import { accepted, at, failNext, mendAfterEach, newHost, outcome } from "./test-support.ts";
import { receiveDatagram, receiveStream, sendDatagram, sendDatagramTo, sendStream } from "./transfer.ts";

const { ECONNREFUSED } = constants.errno;

describe("connections", () => {
  checkLeaks();
  mendAfterEach();

  for (const ip of ["127.0.0.1", "::1"]) {
    it(`${ip}: TCP is connected and accepted without waiting, and ended one way at a time`, () => {
      using host = newHost();
      using listener = host.run(() => listenTcp(at(ip), 5000, { backlog: 4 }));
      assert.equal(acceptTcp(listener.fd), undefined);
      const { socket, state } = host.run(() => connectTcp(at(ip), 5000));
      using client = socket;
      assert.equal(state, "pending");
      using poller = new Poller();
      poller.add(client.fd, 0, EPOLLOUT);
      poller.wait(-1, (_, events) => assert.equal(events, EPOLLOUT));
      assert.equal(pendingError(client.fd), 0);
      using server = accepted(listener);
      setNoDelay(server.fd);
      const bytes = Buffer.alloc(10);
      assert.equal(receiveStream(server.fd, bytes), "again");
      assert.equal(sendStream(client.fd, Buffer.from("question")), 8);
      endSending(client.fd);
      assert.equal(
        outcome(() => receiveStream(server.fd, bytes)),
        8,
      );
      assert.equal(
        outcome(() => receiveStream(server.fd, bytes)),
        "end",
      );
      assert.equal(sendStream(server.fd, Buffer.from("answer")), 6);
      assert.equal(
        outcome(() => receiveStream(client.fd, bytes)),
        6,
      );
      assert.equal(receiveStream(client.fd, bytes), "again");
    });

    it(`${ip}: UDP hears the one that it speaks to, and nobody else`, () => {
      using host = newHost();
      using server = host.run(() => bindUdp(at(ip), 5000));
      using stranger = host.run(() => bindUdp(at(ip), 5001));
      using client = host.run(() => connectUdp(at(ip), 5000, { sourcePort: 5353 }));
      const to = at(ip).atPort(5353);
      assert.equal(sendDatagramTo(stranger.fd, Buffer.from("forged"), 6, to), 6);
      assert.equal(sendDatagramTo(server.fd, Buffer.from("right"), 5, to), 5);
      const bytes = Buffer.alloc(10);
      assert.equal(
        outcome(() => receiveDatagram(client.fd, bytes)),
        5,
      );
      assert.equal(bytes.toString("latin1", 0, 5), "right");
      assert.equal(receiveDatagram(client.fd, bytes), "again");
    });

    it(`${ip}: what nobody listens at is told by both`, () => {
      using host = newHost();
      using udp = host.run(() => connectUdp(at(ip), 5000));
      assert.equal(sendDatagram(udp.fd, Buffer.from("x"), 1), 1);
      assert.equal(
        outcome(() => receiveDatagram(udp.fd, Buffer.alloc(10))),
        "refused",
      );
      assert.equal(receiveDatagram(udp.fd, Buffer.alloc(10)), "again");
      const { socket, state } = host.run(() => connectTcp(at(ip), 5000));
      using tcp = socket;
      assert.equal(state, "pending");
      using poller = new Poller();
      poller.add(tcp.fd, 0, EPOLLOUT);
      poller.wait(-1, (_, events) => assert.equal(events & (EPOLLERR | EPOLLHUP), EPOLLERR | EPOLLHUP));
      assert.equal(pendingError(tcp.fd), ECONNREFUSED);
      assert.equal(pendingError(tcp.fd), 0);
    });
  }

  it("what is known at once is thrown, with the port that was meant", () => {
    using host = newHost();
    const message = "connect port 53 of 192.0.2.1 failed with ENETUNREACH";
    assert.throws(() => host.run(() => connectTcp(at("192.0.2.1"), 53)), { message });
    assert.throws(() => host.run(() => connectUdp(at("192.0.2.1"), 53)), { message });
    using _other = host.run(() => bindUdp(at("0.0.0.0"), 5353));
    assert.throws(() => host.run(() => connectUdp(at("127.0.0.1"), 53, { sourcePort: 5353 })), {
      message: "bind port 5353 failed with EADDRINUSE",
    });
  });

  it("a link-local address is meant on its link", () => {
    using host = new TestHost(pair("a", "b"));
    host.up("a", "b");
    const index = host.index("a");
    host.rtnl.execute(
      address.add({ link: index, address: "fe80::1", prefixLength: 64, flags: 0x02 /* nodad */ }),
    );
    const bytes = ipToBytes("fe80::1");
    assert.throws(() => host.namespace.run(() => connectUdp(new InetSockaddr(bytes, "fe80::1"), 53)), {
      code: "EINVAL",
    });
    host.namespace.run(() => connectUdp(new InetSockaddr(bytes, "fe80::1", index), 53))[Symbol.dispose]();
  });

  it("an interrupted connect goes on, and broken connections are passed over", () => {
    using host = newHost();
    using listener = host.run(() => listenTcp(at("127.0.0.1"), 5000, { backlog: 4 }));
    failNext("connect", { code: "EINTR", made: true });
    const { socket, state } = host.run(() => connectTcp(at("127.0.0.1"), 5000));
    using _client = socket;
    assert.equal(state, "pending");
    failNext("accept4", { code: "EINTR" }, { code: "ECONNABORTED" });
    using _server = accepted(listener);
    failNext("accept4", { code: "EMFILE" });
    assert.throws(() => acceptTcp(listener.fd), { operation: "accept4", code: "EMFILE" });
  });

  it("are ended without ado where the other side has gone", () => {
    using host = newHost();
    using listener = host.run(() => listenTcp(at("127.0.0.1"), 5000, { backlog: 4 }));
    const { socket } = host.run(() => connectTcp(at("127.0.0.1"), 5000));
    using client = socket;
    const server = accepted(listener);
    sendStream(client.fd, Buffer.from("not read"));
    server[Symbol.dispose]();
    endSending(client.fd);
    assert.equal(
      outcome(() => receiveStream(client.fd, Buffer.alloc(10))),
      "end",
    );
  });
});
