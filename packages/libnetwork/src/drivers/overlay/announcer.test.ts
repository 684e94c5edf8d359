import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { files, link, NetNamespace, Rtnl } from "@causeway/kernel";
import { eventually } from "../../../../../test/support/eventually.ts";
import { FrameSocket } from "../../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../../test/support/leak-check.ts";
import { Announcer } from "./announcer.ts";
import type { AddressEntry } from "./entries.ts";

const entry: AddressEntry = { kind: "address", address: "10.7.0.3", mac: "02:00:00:00:00:03" };
const mac = Buffer.from("020000000003", "hex").toString("latin1");

/** A bridge with one port, and a listener at its other end. */
function bridged() {
  using opened = new DisposableStack();
  const namespace = opened.use(NetNamespace.create());
  const rtnl = opened.use(new Rtnl(namespace));
  rtnl.execute(
    link.create({ name: "br0", info: { kind: "bridge" } }),
    link.create({ name: "port", info: { kind: "veth", veth: { peer: { name: "eth0" } } } }),
  );
  const bridge = rtnl.query(link.getIndex({ name: "br0" }));
  rtnl.execute(
    link.change({ name: "port" }, { master: bridge, up: true }),
    link.change({ name: "eth0" }, { up: true }),
    link.change({ name: "br0" }, { up: true }),
  );
  const kept = opened.move();
  const listen = () => kept.use(new FrameSocket(namespace, "eth0"));
  /** Of packet(7), in the namespace. The first line is a heading. */
  const sockets = () =>
    namespace.run(() => readFileSync("/proc/thread-self/net/packet", "utf8")).split("\n").length - 2;
  return { namespace, rtnl, bridge, listen, sockets, [Symbol.dispose]: () => kept.dispose() };
}

const announced = (frames: readonly Buffer[]) =>
  frames.filter((frame) => frame.toString("latin1").includes(mac)).length;

describe("Announcer", () => {
  checkLeaks();

  it("lets everybody on the bridge hear, again and again", async () => {
    using scene = bridged();
    const listener = scene.listen();
    await using announcer = new Announcer(scene.namespace);
    const frames: Buffer[] = [];
    for (let count = 1; count <= 3; count++) {
      announcer.announce(scene.bridge, [entry]);
      await eventually(() => {
        frames.push(...listener.received());
        assert.equal(announced(frames), count);
      });
    }
  });

  it("keeps one socket while there is something to tell, and none after", async () => {
    using scene = bridged();
    await using announcer = new Announcer(scene.namespace);
    for (let count = 0; count < 3; count++) announcer.announce(scene.bridge, [entry, entry]);
    assert.equal(scene.sockets(), 1);
    await eventually(() => assert.equal(scene.sockets(), 0));
    announcer.announce(scene.bridge, [entry]);
    assert.equal(scene.sockets(), 1);
  });

  it("keeps its socket for a second after the last that it told", async (t) => {
    using scene = bridged();
    await using announcer = new Announcer(scene.namespace);
    const close = t.mock.method(files, "close");
    // However late this process gets its turn, these are due before the second is over.
    for (let count = 0; count < 15; count++) {
      announcer.announce(scene.bridge, [entry]);
      await sleep(100);
    }
    assert.equal(close.mock.callCount(), 0);
  });

  it("has closed all of its sockets when it says so", async (t) => {
    using scene = bridged();
    const announcer = new Announcer(scene.namespace);
    const close = files.close.bind(files);
    const first = Promise.withResolvers<void>();
    let begun = 0;
    const ended: string[] = [];
    t.mock.method(files, "close", (fd: number, done: () => void) => {
      const isFirst = ++begun === 1;
      const end = () => {
        done();
        ended.push(isFirst ? "first" : "second");
      };
      void (isFirst ? first.promise : Promise.resolve()).then(() => close(fd, end));
    });
    t.mock.timers.enable({ apis: ["setTimeout"] });
    announcer.announce(scene.bridge, [entry]);
    t.mock.timers.tick(1000);
    t.mock.timers.reset();
    announcer.announce(scene.bridge, [entry]);
    const closed = announcer[Symbol.asyncDispose]().then(() => ended.push("all"));
    await eventually(() => assert.deepEqual(ended, ["second"]));
    await setImmediate();
    first.resolve();
    await closed;
    assert.deepEqual(ended, ["second", "first", "all"]);
    assert.equal(scene.sockets(), 0);
  });

  it("has closed its socket when it says so", async () => {
    using scene = bridged();
    const announcer = new Announcer(scene.namespace);
    announcer.announce(scene.bridge, [entry]);
    await announcer[Symbol.asyncDispose]();
    assert.equal(scene.sockets(), 0);
    announcer.announce(scene.bridge, [entry]);
    assert.equal(scene.sockets(), 0);
  });

  it("is silent where nobody hears: on a bridge that is down, or gone", async () => {
    using scene = bridged();
    await using announcer = new Announcer(scene.namespace);
    scene.rtnl.execute(link.change({ name: "br0" }, { up: false }));
    announcer.announce(scene.bridge, [entry]);
    scene.rtnl.execute(link.remove({ name: "br0" }));
    announcer.announce(scene.bridge, [entry]);
  });
});
