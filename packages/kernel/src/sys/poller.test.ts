import assert from "node:assert/strict";
import { readSync, writeSync } from "node:fs";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { openEventFd, raiseEvent, settleEvent } from "./event-fd.ts";
import { connectTcp, connectUdp, endSending } from "./inet-connection.ts";
import { bindUdp, listenTcp } from "./inet-socket.ts";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, Poller } from "./poller.ts";
import { accepted, at, failNext, mendAfterEach, newHost, outcome, until } from "./test-support.ts";
import { receiveStream, sendDatagram } from "./transfer.ts";

/** What a wait tells, in the kernel's order. */
function told(poller: Poller, timeoutMs: number): [token: number, events: number][] {
  const events: [number, number][] = [];
  const count = poller.wait(timeoutMs, (token, bits) => events.push([token, bits]));
  assert.equal(count, events.length);
  return events;
}

/** Checks that this is told, at once or as soon as the kernel has delivered what was sent. */
function tells(poller: Poller, ...expected: readonly [token: number, events: number][]): void {
  let last: unknown;
  until(() => {
    last = told(poller, 100);
    return isDeepStrictEqual(last, expected);
  });
  assert.deepEqual(last, expected);
}

describe("Poller", () => {
  checkLeaks();
  mendAfterEach();

  it("tells what is ready by its token, again and again until it is done", () => {
    using poller = new Poller();
    using one = openEventFd();
    using other = openEventFd();
    poller.add(one.fd, 7, EPOLLIN);
    poller.add(other.fd, 0xffff_ffff, EPOLLIN);
    assert.deepEqual(told(poller, 0), []);
    raiseEvent(other.fd);
    assert.deepEqual(told(poller, -1), [[0xffff_ffff, EPOLLIN]]);
    assert.deepEqual(told(poller, -1), [[0xffff_ffff, EPOLLIN]], "level triggered");
    raiseEvent(one.fd);
    assert.deepEqual(told(poller, -1).sort(), [
      [0xffff_ffff, EPOLLIN],
      [7, EPOLLIN],
    ]);
    settleEvent(other.fd);
    assert.deepEqual(told(poller, -1), [[7, EPOLLIN]]);
  });

  it("tells of no more than it has room for, and of the others in their turn", () => {
    using poller = new Poller(2);
    using stack = new DisposableStack();
    for (const token of [1, 2, 3, 4, 5]) {
      const event = stack.use(openEventFd());
      raiseEvent(event.fd);
      poller.add(event.fd, token, EPOLLIN);
    }
    const tokens = [0, 0, 0].flatMap(() => told(poller, 0).map(([token]) => token));
    assert.equal(tokens.length, 6);
    assert.equal(new Set(tokens).size, 5);
  });

  it("changes interest and token, and stops watching", () => {
    using host = newHost();
    using poller = new Poller();
    using socket = host.run(() => bindUdp(at("127.0.0.1"), 5000));
    poller.add(socket.fd, 1, EPOLLIN);
    assert.deepEqual(told(poller, 0), []);
    poller.change(socket.fd, 2, EPOLLIN | EPOLLOUT);
    assert.deepEqual(told(poller, 0), [[2, EPOLLOUT]]);
    poller.remove(socket.fd);
    assert.deepEqual(told(poller, 0), []);
    assert.throws(() => poller.remove(socket.fd), { operation: "epoll_ctl", code: "ENOENT" });
    assert.throws(() => poller.change(socket.fd, 1, EPOLLIN), { code: "ENOENT" });
    poller.add(socket.fd, 3, EPOLLOUT);
    assert.throws(() => poller.add(socket.fd, 3, EPOLLIN), { code: "EEXIST" });
    assert.deepEqual(told(poller, 0), [[3, EPOLLOUT]]);
  });

  it("forgets what is closed", () => {
    using poller = new Poller();
    using event = openEventFd();
    raiseEvent(event.fd);
    poller.add(event.fd, 1, EPOLLIN);
    event[Symbol.dispose]();
    assert.deepEqual(told(poller, 0), []);
  });

  it("tells of connections, their end, and errors that nobody asked for", () => {
    using host = newHost();
    using poller = new Poller();
    using stack = new DisposableStack();
    host.run(() => {
      const listener = stack.use(listenTcp(at("::1"), 5000, { backlog: 8 }));
      poller.add(listener.fd, 1, EPOLLIN);
      const client = stack.use(connectTcp(at("::1"), 5000).socket);
      tells(poller, [1, EPOLLIN]);
      const server = accepted(listener);
      stack.use(server);
      poller.add(server.fd, 2, EPOLLIN | EPOLLRDHUP);
      assert.deepEqual(told(poller, 0), []);
      writeSync(client.fd, "last");
      endSending(client.fd);
      tells(poller, [2, EPOLLIN | EPOLLRDHUP]);
      const bytes = Buffer.alloc(10);
      assert.equal(readSync(server.fd, bytes), 4);
      assert.equal(
        outcome(() => receiveStream(server.fd, bytes)),
        "end",
      );
      endSending(server.fd);
      tells(poller, [2, EPOLLIN | EPOLLRDHUP | EPOLLHUP]);
      poller.remove(server.fd);
      const asker = stack.use(connectUdp(at("127.0.0.1"), 5001));
      poller.add(asker.fd, 3, 0);
      sendDatagram(asker.fd, bytes, 1);
      tells(poller, [3, EPOLLERR]);
    });
  });

  it("is made and told what to watch through signals", () => {
    failNext("epoll_create1", { code: "EINTR" });
    using poller = new Poller();
    using event = openEventFd();
    failNext("epoll_ctl", { code: "EINTR" }, { code: "EINTR" });
    poller.add(event.fd, 1, EPOLLIN);
    failNext("epoll_ctl", { code: "EINTR" });
    poller.remove(event.fd);
    assert.throws(() => poller.remove(event.fd), { operation: "epoll_ctl", code: "ENOENT" });
  });

  it("waits on when a signal interrupts it, for no longer than it was to", () => {
    using poller = new Poller();
    using event = openEventFd();
    poller.add(event.fd, 1, EPOLLIN);
    failNext("epoll_wait", { code: "EINTR" }, { code: "EINTR" });
    assert.deepEqual(told(poller, 20), []);
    failNext("epoll_wait", { code: "EINTR" });
    raiseEvent(event.fd);
    assert.deepEqual(told(poller, -1), [[1, EPOLLIN]]);
    failNext("epoll_wait", { code: "EBADF" });
    assert.throws(() => told(poller, 0), { operation: "epoll_wait", code: "EBADF" });
  });
});
