import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { FrameSocket } from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { pair } from "../rtnl/test-support.ts";
import { FrameSender } from "./frame.ts";
import { NetNamespace } from "./namespace.ts";

const greeting = Buffer.alloc(60, "hello ");

/** A namespace with two pairs, a0 to a1 and b0 to b1. */
function twoPairs() {
  using opened = new DisposableStack();
  const namespace = opened.use(NetNamespace.create());
  const rtnl = opened.use(new Rtnl(namespace));
  for (const name of ["a", "b"]) {
    rtnl.execute(pair(`${name}0`, `${name}1`));
    for (const end of [`${name}0`, `${name}1`]) rtnl.execute(link.change({ name: end }, { up: true }));
  }
  const index = (name: string) => rtnl.query(link.getIndex({ name }));
  const kept = opened.move();
  return { namespace, rtnl, index, [Symbol.dispose]: () => kept.dispose() };
}

describe("FrameSender", () => {
  checkLeaks();

  it("sends a frame by the link that is named, and by no other", async () => {
    using scene = twoPairs();
    using a = new FrameSocket(scene.namespace, "a1");
    using b = new FrameSocket(scene.namespace, "b1");
    await using sender = new FrameSender(scene.namespace);
    sender.send(scene.index("a0"), greeting);
    await a.receivedUntil("hello");
    sender.send(scene.index("b0"), Buffer.alloc(60, "good day "));
    const heard = await b.receivedUntil("good day");
    assert.ok(!heard.some((frame) => frame.includes("hello")));
  });

  it("tells of a link that is not there, and of one that is down", async () => {
    using scene = twoPairs();
    await using sender = new FrameSender(scene.namespace);
    assert.throws(() => sender.send(4711, greeting), { code: "ENXIO", message: /^sendto link 4711 failed/ });
    const down = scene.index("a0");
    scene.rtnl.execute(link.change({ name: "a0" }, { up: false }));
    assert.throws(() => sender.send(down, greeting), { code: "ENETDOWN" });
  });

  it("keeps no frame that comes by", async () => {
    using scene = twoPairs();
    await using sender = new FrameSender(scene.namespace);
    {
      using other = new FrameSocket(scene.namespace, "a1");
      sender.send(scene.index("a0"), greeting);
      await other.receivedUntil("hello");
    }
    const text = scene.namespace.run(() => readFileSync("/proc/thread-self/net/packet", "utf8"));
    const [heads = [], ...sockets] = text
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/));
    assert.deepEqual(
      sockets.map((fields) => fields[heads.indexOf("Rmem")]),
      ["0"],
    );
  });

  it("sends nothing from the call on that closes it", async () => {
    using scene = twoPairs();
    const sender = new FrameSender(scene.namespace);
    const closed = sender[Symbol.asyncDispose]();
    assert.throws(() => sender.send(scene.index("a0"), greeting), /closed or released/);
    await closed;
    await sender[Symbol.asyncDispose]();
  });
});
