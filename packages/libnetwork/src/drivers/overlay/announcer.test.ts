import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { link, NetNamespace, Rtnl } from "@causeway/kernel";
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
