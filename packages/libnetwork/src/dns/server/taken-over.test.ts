import assert from "node:assert/strict";
import { afterEach, describe, it, type TestContext } from "node:test";
import {
  acceptTcp,
  connectTcp,
  type Fault,
  InetSockaddr,
  link,
  listenTcp,
  NetNamespace,
  Rtnl,
  setGuard,
} from "@causeway/kernel";
import { checkLeaks } from "../../../../../test/support/leak-check.ts";
import { SocketChannels } from "./channels.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { Loop } from "./loop.ts";
import { Backlog } from "./pieces.ts";
import { ReadyNamespaces } from "./ready-namespaces.ts";
import { ServedNamespace } from "./sandbox.ts";
import { SandboxSockets } from "./sockets.ts";
import { MessageStream } from "./stream.ts";
import { makeBatch } from "./udp.ts";

/** Lets one call of an operation fail, the `number`th from now on. */
function fail(operation: string, number = 1, fault: Fault = { code: "ENOMEM" }): void {
  let count = 0;
  setGuard({
    before: (crossing) => (crossing.operation === operation && ++count === number ? fault : undefined),
    after: () => undefined,
  });
}

function scene(t: TestContext) {
  const namespace = NetNamespace.create();
  const loop = new Loop();
  t.after(() => {
    loop[Symbol.dispose]();
    namespace[Symbol.dispose]();
  });
  using rtnl = new Rtnl(namespace);
  rtnl.execute(link.change({ name: "lo" }, { up: true }));
  return { namespace, loop };
}

const loopback = new InetSockaddr(Uint8Array.of(127, 0, 0, 1), "127.0.0.1");
const refused = { operation: "epoll_ctl", code: "ENOMEM" };

/** Each is checked for descriptors that stay open. */
describe("what cannot be watched", () => {
  checkLeaks();
  afterEach(() => setGuard(undefined));

  it("is closed where it is a sandbox's, by whichever socket, and is opened the next time", (t) => {
    const { namespace, loop } = scene(t);
    const connections = new ConnectionLimit(8);
    const open = () => {
      const sockets = SandboxSockets.open(namespace.duplicate(), "tests", (_, action) => action());
      return new ServedNamespace(sockets, {
        loop,
        batch: makeBatch(),
        catchUp: () => undefined,
        connections,
      });
    };
    for (const number of [1, 2]) {
      fail("epoll_ctl", number);
      assert.throws(open, refused);
    }
    open()[Symbol.dispose]();
  });

  it("is let go of where it cannot be made ready, and mended where somebody was opened there meanwhile", (t) => {
    const { namespace, loop } = scene(t);
    const { identity } = namespace;
    const place = { path: `/proc/self/fd/${namespace.fd}`, identity };
    const connections = new ConnectionLimit(8);
    const steps: (() => void)[] = [];
    const later = (_: number, step: () => void) => void steps.push(step);
    const surroundings = { loop, batch: makeBatch(), catchUp: () => undefined, connections, later };
    const said: string[] = [];
    const listener = {
      ready: (one: string) => said.push(`${one} ready`),
      unready: (one: string) => said.push(`${one} unready`),
      failed: (one: string) => said.push(`${one} failed`),
    };
    const goOn = () => {
      for (let step = steps.shift(); step !== undefined; step = steps.shift()) step();
      return said.splice(0);
    };
    using namespaces = new ReadyNamespaces("tests", surroundings, new Backlog(later), listener);
    namespaces.prepare(place);
    fail("recv", 1, { code: "EIO", torn: true });
    assert.deepEqual(goOn(), [`${identity} unready`]);
    namespaces.prepare(place);
    {
      using taken = namespaces.take(place);
      fail("recv", 1, { code: "EIO", torn: true });
      assert.deepEqual(goOn(), [`${identity} ready`]);
      assert.equal(taken.sockets.obstacle(), undefined);
    }
    namespaces.prepare(place);
    fail("getsockopt");
    namespaces.take(place)[Symbol.dispose]();
    assert.deepEqual(said.splice(0), [`${identity} ready`], "another is made at once");
    assert.deepEqual(goOn(), []);
    namespaces.prepare(place);
    namespaces.take(place)[Symbol.dispose]();
    assert.deepEqual(goOn(), [`${identity} ready`], "nobody waits for what was closed meanwhile");
  });

  it("is closed where it leads to another name server", (t) => {
    const { namespace, loop } = scene(t);
    using _listening = namespace.run(() => listenTcp(loopback, 53, { backlog: 4 }));
    const listener = { message: () => undefined, failed: () => undefined };
    const server = { namespace: "host", address: "127.0.0.1", port: 53 };
    using channels = new SocketChannels(loop, () => namespace);
    fail("epoll_ctl");
    assert.throws(() => channels.open(server, "udp", listener), refused);
    for (const [operation, number] of [
      ["setsockopt", 1],
      ["epoll_ctl", 1],
    ] as const) {
      fail(operation, number);
      const channel = channels.open(server, "tcp", listener);
      assert.throws(() => channel.send(Buffer.alloc(12)), { operation, code: "ENOMEM" });
      channel[Symbol.dispose]();
    }
    using channel = channels.open(server, "tcp", listener);
    channel.send(Buffer.alloc(12));
  });

  it("is closed all the same where the kernel refuses to forget it", (t) => {
    const { namespace, loop } = scene(t);
    using listening = namespace.run(() => listenTcp(loopback, 53, { backlog: 4 }));
    using _client = namespace.run(() => connectTcp(loopback, 53).socket);
    const socket = acceptTcp(listening.fd);
    assert.ok(socket !== undefined);
    const listener = { message: () => undefined, ended: () => undefined };
    const stream = new MessageStream(loop, socket, true, listener);
    fail("epoll_ctl");
    stream[Symbol.dispose]();
  });
});
