import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as fdb from "./fdb.ts";
import * as link from "./link.ts";
import * as neighbour from "./neighbour.ts";
import { assertAgree, pair, pick, type Shown, TestHost } from "./test-support.ts";

const byText = (a: Shown, b: Shown) => JSON.stringify(a).localeCompare(JSON.stringify(b));

describe("neighbours", () => {
  checkLeaks();

  /** A host with a link that neighbours can be on. */
  function makeHost(): TestHost & { readonly near: number } {
    const host = new TestHost(pair("near", "far"));
    host.up("near", "far");
    return Object.assign(host, { near: host.index("near") });
  }

  it("are listed as iproute2 lists them", () => {
    using host = makeHost();
    const { near } = host;
    host.rtnl.execute(
      neighbour.add({ link: near, address: "10.0.0.1", mac: "02:00:00:00:00:01" }),
      neighbour.add({ link: near, address: "10.0.0.2", mac: "02:00:00:00:00:02", state: "stale" }),
      neighbour.add({ link: near, address: "10.0.0.3", mac: "02:00:00:00:00:03", state: "reachable" }),
      neighbour.add({ link: near, address: "fd00::1", mac: "02:00:00:00:00:04", router: true }),
      neighbour.add({ link: near, address: "fd00::2", mac: "02:00:00:00:00:05", state: "noarp" }),
    );
    const ours = () =>
      host.rtnl.dump(neighbour.list()).map(({ address, mac, state, router, link: index }) => ({
        dst: address,
        dev: index === near ? "near" : "far",
        lladdr: mac,
        state: [state.toUpperCase()],
        ...(router ? { router: null } : {}),
      }));
    const theirs = () =>
      host
        .run("ip -json neighbour show nud all")
        .map((shown) => pick(shown, "dst", "dev", "lladdr", "state", "router"));
    assert.ok(ours().length >= 5);
    assertAgree(
      () => ours().sort(byText),
      () => theirs().sort(byText),
    );
  });

  it("are listed by family and link, proxies on their own", () => {
    using host = makeHost();
    const far = host.index("far");
    host.rtnl.execute(
      neighbour.add({ link: host.near, address: "10.0.0.1", mac: "02:00:00:00:00:01" }),
      neighbour.add({ link: far, address: "10.0.0.1", mac: "02:00:00:00:00:02" }),
      neighbour.add({ link: host.near, address: "10.0.0.9", proxy: true }),
      neighbour.add({ link: host.near, address: "fd00::9", proxy: true }),
    );
    const listed = (filter: neighbour.NeighbourFilter) =>
      host.rtnl
        .dump(neighbour.list(filter))
        .filter(({ state }) => state !== "noarp")
        .map(({ address, mac }) => mac ?? address);
    assert.deepEqual(listed({ family: 4, link: far }), ["02:00:00:00:00:02"]);
    assert.deepEqual(listed({ family: 4 }).sort(), ["02:00:00:00:00:01", "02:00:00:00:00:02"]);
    assert.deepEqual(listed({ proxy: true }).sort(), ["10.0.0.9", "fd00::9"]);
    host.rtnl.execute(neighbour.remove({ link: host.near, address: "10.0.0.9", proxy: true }));
    assert.deepEqual(listed({ proxy: true }), ["fd00::9"]);
  });

  it("are added once, replaced, and removed once", () => {
    using host = makeHost();
    const settings = { link: host.near, address: "fd00::1", mac: "02:00:00:00:00:01" };
    host.rtnl.execute(neighbour.add(settings));
    assert.throws(() => host.rtnl.execute(neighbour.add(settings)), { code: "EEXIST" });
    host.rtnl.execute(neighbour.replace({ ...settings, mac: "02:00:00:00:00:02" }));
    const macs = host.rtnl.dump(neighbour.list({ family: 6, link: host.near })).map(({ mac }) => mac);
    assert.ok(macs.includes("02:00:00:00:00:02") && !macs.includes("02:00:00:00:00:01"));
    host.rtnl.execute(neighbour.remove(settings));
    assert.throws(() => host.rtnl.execute(neighbour.remove(settings)), {
      message: `RTM_DELNEIGH fd00::1 on link ${host.near} failed with ENOENT`,
    });
  });
});

describe("forwarding entries", () => {
  checkLeaks();

  /** A host with a bridge with a port, and a VXLAN device. */
  function makeHost() {
    const host = new TestHost(
      link.create({ name: "br0", info: { kind: "bridge" } }),
      link.create({ name: "vx0", info: { kind: "vxlan", vxlan: { id: 5, local: "192.0.2.1", port: 4789 } } }),
      pair("near", "far"),
    );
    const bridge = host.index("br0");
    // What the bridge learns would be listed, too.
    const port = { slaveKind: "bridge", bridgePort: { learning: false } };
    host.rtnl.execute(
      link.change({ name: "near" }, { master: bridge }),
      link.change({ name: "near" }, { info: port }),
    );
    host.up("br0", "vx0", "near", "far");
    return Object.assign(host, { bridge, near: host.index("near"), vxlan: host.index("vx0") });
  }

  it("are listed as iproute2 lists them", () => {
    using host = makeHost();
    const { near, vxlan } = host;
    const mac = "02:00:00:00:00:01";
    host.rtnl.execute(
      fdb.add({ link: vxlan, mac, remote: "192.0.2.9", port: 4790, vni: 77 }),
      fdb.append({ link: vxlan, mac: "00:00:00:00:00:00", remote: "192.0.2.7" }),
      fdb.append({ link: vxlan, mac: "00:00:00:00:00:00", remote: "192.0.2.8" }),
      fdb.add({ link: near, mac, table: "master", state: "noarp" }),
      fdb.add({
        link: near,
        mac: "02:00:00:00:00:02",
        table: "master",
        state: "reachable",
        externallyLearned: true,
      }),
      fdb.add({ link: near, mac: "02:00:00:00:00:03", table: "master", state: "noarp", sticky: true }),
    );
    const names = new Map(host.rtnl.dump(link.list()).map(({ index, name }) => [index, name]));
    const stateNames = new Map([
      ["permanent", "permanent"],
      ["noarp", "static"],
      ["reachable", ""],
    ]);
    const ours = () =>
      host.rtnl.dump(fdb.list()).map((entry) => ({
        mac: entry.mac,
        ifname: names.get(entry.link),
        state: stateNames.get(entry.state),
        flags: [
          ...(entry.table === "self" ? ["self"] : []),
          ...(entry.externallyLearned ? ["extern_learn"] : []),
          ...(entry.sticky ? ["sticky"] : []),
        ],
        ...(entry.bridge === undefined ? {} : { master: names.get(entry.bridge) }),
        ...(entry.remote === undefined ? {} : { dst: entry.remote }),
        ...(entry.port === undefined ? {} : { port: entry.port }),
        ...(entry.vni === undefined ? {} : { vni: entry.vni }),
      }));
    const theirs = () =>
      host
        .run("bridge -json fdb show")
        .map((shown) => pick(shown, "mac", "ifname", "state", "flags", "master", "dst", "port", "vni"));
    assert.ok(ours().length >= 6);
    const sorted = (shown: readonly Shown[]) =>
      shown.map((entry) => JSON.stringify(Object.entries(entry).sort())).sort();
    assertAgree(
      () => sorted(ours()),
      () => sorted(theirs()),
    );
  });

  it("are listed by bridge and by link", () => {
    using host = makeHost();
    const mac = "02:00:00:00:00:01";
    host.rtnl.execute(
      fdb.add({ link: host.near, mac, table: "master", state: "noarp" }),
      fdb.add({ link: host.vxlan, mac, remote: "192.0.2.9" }),
    );
    const ours = (filter: fdb.FdbFilter) =>
      host.rtnl
        .dump(fdb.list(filter))
        // A bridge of a kernel with CONFIG_BRIDGE_VLAN_FILTERING has the same once more for VLAN 1.
        .filter((entry) => entry.mac === mac && entry.vlan === undefined)
        .map((entry) => entry.link);
    assert.deepEqual(ours({ bridge: host.bridge }), [host.near]);
    assert.deepEqual(ours({ link: host.vxlan }), [host.vxlan]);
    assert.deepEqual(ours({ link: host.near }), [host.near]);
    assert.equal(ours({}).length, 2);
  });

  it("are added once, replaced, and removed once", () => {
    using host = makeHost();
    const settings = { link: host.vxlan, mac: "02:00:00:00:00:01", remote: "192.0.2.9" };
    host.rtnl.execute(fdb.add(settings));
    assert.throws(() => host.rtnl.execute(fdb.add(settings)), { code: "EEXIST" });
    host.rtnl.execute(fdb.replace({ ...settings, remote: "192.0.2.10" }));
    const remotes = host.rtnl.dump(fdb.list({ link: host.vxlan })).map(({ remote }) => remote);
    assert.deepEqual(
      remotes.filter((remote) => remote !== undefined),
      ["192.0.2.10"],
    );
    host.rtnl.execute(fdb.remove({ ...settings, remote: "192.0.2.10" }));
    assert.throws(() => host.rtnl.execute(fdb.remove({ ...settings, remote: "192.0.2.10" })), {
      code: "ENOENT",
    });
  });
});
