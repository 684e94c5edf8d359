import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { link, NetNamespace, Rtnl } from "@causeway/kernel";
import { makePair } from "./pair.ts";

function scene(t: TestContext) {
  const host = NetNamespace.create();
  const rtnl = new Rtnl(host);
  t.after(() => {
    rtnl[Symbol.dispose]();
    host[Symbol.dispose]();
  });
  rtnl.execute(link.create({ name: "bridge0", info: { kind: "bridge" } }));
  const { index: bridgeIndex } = rtnl.query(link.get({ name: "bridge0" }));
  const port = { hairpin: false, multicastRouter: 0, groupForwardMask: 0 } as const;
  const request = {
    plan: { kind: "veth", hostName: "near0", bridgeIndex, port },
    farName: "far0",
    mac: "02:00:00:00:00:01",
    mtu: 1400,
    owner: "ours",
  } as const;
  const names = () =>
    rtnl
      .findLinks({ kind: "veth" })
      .map(({ name }) => name)
      .sort();
  const theirs = (near: string, far: string) =>
    rtnl.execute(link.create({ name: near, info: { kind: "veth", veth: { peer: { name: far } } } }));
  return { rtnl, request, names, theirs, bridgeIndex };
}

describe("a pair of links", () => {
  it("has one end on the bridge, the other with the MAC, and both the MTU and the mark", (t) => {
    const { rtnl, request, bridgeIndex } = scene(t);
    makePair(rtnl, request);
    const near = rtnl.query(link.get({ name: "near0" }));
    const far = rtnl.query(link.get({ name: "far0" }));
    assert.deepEqual([near.master, near.mtu, near.alias], [bridgeIndex, 1400, "ours"]);
    assert.deepEqual([far.address, far.mtu, far.alias], ["02:00:00:00:00:01", 1400, "ours"]);
    assert.deepEqual([link.isUp(near), link.isUp(far)], [true, false]);
  });

  it("takes the place of one that was left, where that carries the mark", (t) => {
    const { rtnl, request, names } = scene(t);
    makePair(rtnl, request);
    const { index } = rtnl.query(link.get({ name: "near0" }));
    makePair(rtnl, request);
    assert.deepEqual(names(), ["far0", "near0"]);
    assert.notEqual(rtnl.query(link.get({ name: "near0" })).index, index);
  });

  it("does not touch somebody else's, by either name, and leaves nothing half made", (t) => {
    for (const [near, far] of [
      ["near0", "theirs0"],
      ["theirs0", "far0"],
    ] as const) {
      const { rtnl, request, names, theirs } = scene(t);
      theirs(near, far);
      assert.throws(() => makePair(rtnl, request), { code: "link_name_in_use" });
      assert.deepEqual(names(), [near, far].sort());
    }
    const { rtnl, request, names } = scene(t);
    const tooLong = "x".repeat(300);
    assert.throws(() => makePair(rtnl, { ...request, owner: tooLong }));
    assert.deepEqual(names(), []);
  });
});
