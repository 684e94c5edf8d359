import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  connectTcp,
  InetSockaddr,
  link,
  NetNamespace,
  type OwnedFd,
  Rtnl,
  receiveStream,
} from "@causeway/kernel";
import { checkLeaks } from "../../../../../test/support/leak-check.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { Loop } from "./loop.ts";
import { ServedNamespace } from "./sandbox.ts";
import { SandboxSockets } from "./sockets.ts";
import { makeBatch } from "./udp.ts";

const resolver = new InetSockaddr(Uint8Array.of(127, 0, 0, 11), "127.0.0.11");

/** Two sandboxes that have three connections together. */
function scene(t: TestContext) {
  using stack = new DisposableStack();
  const loop = stack.use(new Loop());
  const connections = new ConnectionLimit(3);
  const surroundings = { loop, batch: makeBatch(), catchUp: () => undefined, connections };
  const namespaces = [0, 1].map(() => {
    const namespace = stack.use(NetNamespace.create());
    using rtnl = new Rtnl(namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    const sockets = SandboxSockets.open(namespace.duplicate(), "tests", (_, action) => action());
    stack.use(new ServedNamespace(sockets, surroundings));
    return namespace;
  });
  const made = stack.move();
  t.after(() => made.dispose());
  /** What the loop does in a while. */
  const go = () => {
    const end = Date.now() + 100;
    loop.run(() => Date.now() > end, assert.ifError);
  };
  const connect = (at: number): OwnedFd => {
    const socket = namespaces[at]?.run(() => connectTcp(resolver, 53).socket);
    assert.ok(socket !== undefined);
    made.use(socket);
    go();
    return socket;
  };
  const bytes = Buffer.alloc(16);
  const isOpen = (socket: OwnedFd) => receiveStream(socket.fd, bytes) === "again";
  return { connect, isOpen };
}

describe("questions by TCP", () => {
  checkLeaks();

  it("have the oldest connection of the sandbox with most of them closed, where all sandboxes have as many as they may", (t) => {
    const { connect, isOpen } = scene(t);
    const greedy = [connect(0), connect(0), connect(0)];
    assert.deepEqual(greedy.map(isOpen), [true, true, true]);
    const others = [connect(1)];
    assert.deepEqual([greedy.map(isOpen), others.map(isOpen)], [[false, true, true], [true]]);
    greedy.push(connect(0));
    assert.deepEqual([greedy.map(isOpen), others.map(isOpen)], [[false, false, true, true], [true]]);
  });
});
