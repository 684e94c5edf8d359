import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { NetNamespace } from "../sys/namespace.ts";
import * as link from "./link.ts";
import { Rtnl } from "./rtnl.ts";
import { assertAgree, pair, pick, type Shown, TestHost } from "./test-support.ts";

/** RFC 2863 states as iproute2 writes them. */
const operationalStates = ["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"];

/** A link of ours as `ip -json -details link` shows it. */
function asShown(found: link.Link, nameOf: ReadonlyMap<number, string>): Shown {
  return {
    ifindex: found.index,
    ifname: found.name,
    mtu: found.mtu,
    qdisc: found.qdisc,
    operstate: operationalStates[found.operationalState ?? 0],
    txqlen: found.transmitQueueLength,
    address: found.address,
    broadcast: found.broadcast,
    promiscuity: found.promiscuity,
    min_mtu: found.minimumMtu,
    max_mtu: found.maximumMtu,
    num_tx_queues: found.transmitQueues,
    num_rx_queues: found.receiveQueues,
    up: link.isUp(found),
    ...(found.group === 0 ? { group: "default" } : { group: String(found.group) }),
    ...(found.alias === undefined ? {} : { ifalias: found.alias }),
    ...(found.master === undefined ? {} : { master: nameOf.get(found.master) }),
    ...(found.alternativeNames === undefined ? {} : { altnames: found.alternativeNames }),
    ...(found.parentIndex === undefined ? {} : { link: nameOf.get(found.parentIndex) }),
    ...(found.info?.kind === undefined ? {} : { kind: found.info.kind }),
    ...(found.info?.slaveKind === undefined ? {} : { slaveKind: found.info.slaveKind }),
    statistics: Object.values(found.statistics ?? {}).map(Number),
  };
}

/** The same of what iproute2 says. */
function shownLink(shown: Shown): Shown {
  const info = (shown.linkinfo ?? {}) as Shown;
  const { rx = {}, tx = {} } = (shown.stats64 ?? {}) as Record<string, Record<string, number>>;
  const same = ["packets", "bytes", "errors", "dropped"].flatMap((name) => [rx[name], tx[name]]);
  return {
    ...pick(
      shown,
      ...[
        "ifindex",
        "ifname",
        "mtu",
        "qdisc",
        "operstate",
        "txqlen",
        "address",
        "broadcast",
        "promiscuity",
        "min_mtu",
      ],
      ...["max_mtu", "num_tx_queues", "num_rx_queues", "group", "ifalias", "master", "altnames", "link"],
    ),
    up: (shown.flags as string[]).includes("UP"),
    ...("info_kind" in info ? { kind: info.info_kind } : {}),
    ...("info_slave_kind" in info ? { slaveKind: info.info_slave_kind } : {}),
    statistics: same,
  };
}

describe("links", () => {
  checkLeaks();

  it("are listed as iproute2 lists them", () => {
    using host = new TestHost(
      link.create({ name: "br0", address: "02:00:00:00:00:01", info: { kind: "bridge" } }),
      pair("near", "far"),
      link.change(
        { name: "near" },
        { mtu: 1400, alias: "causeway:a b ü", group: 7, transmitQueueLength: 55 },
      ),
      link.addAlternativeNames({ name: "near" }, ["one", "another-name-that-is-quite-long"]),
    );
    host.rtnl.execute(link.change({ name: "far" }, { master: host.index("br0") }));
    host.up("lo", "br0", "near", "far");
    const links = host.rtnl.dump(link.list());
    const nameOf = new Map(links.map(({ index, name }) => [index, name]));
    const ours = () => host.rtnl.dump(link.list()).map((found) => asShown(found, nameOf));
    const theirs = () => host.run("ip -json -details -statistics link show").map(shownLink);
    const byIndex = (a: Shown, b: Shown) => Number(a.ifindex) - Number(b.ifindex);
    assertAgree(
      () => ours().sort(byIndex),
      () => theirs().sort(byIndex),
    );
  });

  it("are made with all that the creating message takes", () => {
    using host = new TestHost(link.create({ name: "br0", info: { kind: "bridge" } }));
    using sandbox = NetNamespace.create();
    const peer = { name: "eth0", address: "02:00:00:00:00:02", mtu: 1300, namespaceFd: sandbox.fd };
    host.rtnl.execute(
      link.create({
        name: "near",
        address: "02:00:00:00:00:01",
        mtu: 1300,
        group: 9,
        master: host.index("br0"),
        info: { kind: "veth", veth: { peer } },
      }),
    );
    const near = host.rtnl.query(link.get({ name: "near" }));
    assert.deepEqual(
      [near.address, near.mtu, near.group, near.master],
      ["02:00:00:00:00:01", 1300, 9, host.index("br0")],
    );
    using inside = new Rtnl(sandbox);
    const far = inside.query(link.get({ name: "eth0" }));
    assert.deepEqual([far.address, far.mtu, far.parentIndex], ["02:00:00:00:00:02", 1300, near.index]);
    assert.equal(near.parentIndex, far.index);
  });

  it("say whether the kernel has acted on their carrier", async () => {
    using host = new TestHost(pair("near", "far"));
    const caughtUp = () => host.rtnl.query(link.hasCaughtUp({ name: "near" }));
    host.up("near");
    assert.equal(caughtUp(), true, "there is none yet");
    host.up("far");
    await eventually(() => assert.equal(caughtUp(), true));
    assert.equal(host.rtnl.query(link.get({ name: "near" })).qdisc, "noqueue");
  });

  it("are changed: state, MTU, MAC, alias, master, and their kind's own attributes", () => {
    using host = new TestHost(link.create({ name: "br0", info: { kind: "bridge" } }), pair("near", "far"));
    const near = { index: host.index("near") };
    host.rtnl.execute(
      link.change(near, { up: true, mtu: 1400, address: "02:00:00:00:00:05", alias: "set" }),
      link.change(near, { master: host.index("br0") }),
      link.change(near, {
        info: { slaveKind: "bridge", bridgePort: { isolated: true, hairpin: true, learning: false } },
      }),
      link.change(
        { name: "br0" },
        { info: { kind: "bridge", bridge: { ageingTime: 1234, multicastSnooping: false } } },
      ),
    );
    const [shown = {}] = host.run("ip -json -details link show dev near");
    assert.deepEqual(pick(shown, "mtu", "address", "ifalias", "master"), {
      mtu: 1400,
      address: "02:00:00:00:00:05",
      ifalias: "set",
      master: "br0",
    });
    const port = (shown.linkinfo as Record<string, Shown>).info_slave_data ?? {};
    assert.deepEqual(pick(port, "isolated", "hairpin", "learning", "flood"), {
      isolated: true,
      hairpin: true,
      learning: false,
      flood: true,
    });
    const bridge = host.rtnl.query(link.get({ name: "br0" })).info?.bridge;
    assert.deepEqual([bridge?.ageingTime, bridge?.multicastSnooping], [1234, false]);
    host.rtnl.execute(link.change(near, { up: false, master: 0, alias: "" }));
    const after = host.rtnl.query(link.get(near));
    assert.deepEqual([link.isUp(after), after.master, after.alias], [false, undefined, undefined]);
  });

  it("are selected by name, by index and by alternative name, however long", () => {
    using host = new TestHost(pair("near", "far"));
    const long = "a-name-that-is-longer-than-fifteen-bytes";
    const index = host.index("near");
    host.rtnl.execute(link.addAlternativeNames({ index }, ["short", long]));
    for (const selector of [{ name: "near" }, { index }, { name: "short" }, { name: long }]) {
      assert.equal(host.rtnl.query(link.get(selector)).name, "near");
    }
    host.rtnl.execute(link.change({ name: long }, { mtu: 1234 }));
    assert.equal(host.rtnl.query(link.get({ index })).mtu, 1234);
    host.rtnl.execute(link.removeAlternativeNames({ name: "short" }, ["short"]));
    assert.equal(host.rtnl.findLink({ name: "short" }), undefined);
    host.rtnl.execute(link.remove({ name: long }));
    assert.deepEqual(host.names(), ["lo"]);
  });

  it("are found by alias, group, kind and bridge", () => {
    using host = new TestHost(
      link.create({ name: "br0", info: { kind: "bridge" } }),
      pair("a0", "a1"),
      pair("b0", "b1"),
      link.change({ name: "a0" }, { alias: "ours:1", group: 3 }),
      link.change({ name: "b0" }, { alias: "theirs:1", group: 3 }),
      link.change({ name: "b1" }, { alias: "ours:2" }),
    );
    const bridge = host.index("br0");
    host.rtnl.execute(link.change({ name: "a0" }, { master: bridge }));
    const names = (links: readonly link.Link[]) => links.map(({ name }) => name).sort();
    assert.deepEqual(names(host.rtnl.findLinks({ aliasPrefix: "ours:" })), ["a0", "b1"]);
    assert.deepEqual(names(host.rtnl.findLinks({ group: 3 })), ["a0", "b0"]);
    assert.deepEqual(names(host.rtnl.findLinks({ group: 3, aliasPrefix: "ours:" })), ["a0"]);
    assert.deepEqual(names(host.rtnl.findLinks({ kind: "bridge" })), ["br0"]);
    assert.deepEqual(names(host.rtnl.findLinks({ kind: "veth" })), ["a0", "a1", "b0", "b1"]);
    assert.deepEqual(names(host.rtnl.findLinks({ master: bridge })), ["a0"]);
    assert.equal(host.rtnl.findLinks().length, 6);
  });

  it("are changed and deleted by group, and no others", () => {
    using host = new TestHost(pair("a0", "a1"), pair("b0", "b1"));
    host.rtnl.execute(
      link.change({ name: "a0" }, { group: 77 }),
      link.change({ name: "b0" }, { group: 77 }),
      link.changeGroup(77, { mtu: 1280, up: true }),
    );
    const mtus = host.rtnl.findLinks({ kind: "veth" }).map(({ name, mtu }) => `${name} ${mtu}`);
    assert.deepEqual(mtus.sort(), ["a0 1280", "a1 1500", "b0 1280", "b1 1500"]);
    host.rtnl.execute(pair("c0", "c1"), link.removeGroup(77));
    assert.deepEqual(host.names(), ["c0", "c1", "lo"]);
  });

  it("are renamed, and moved to another namespace under another name", () => {
    using host = new TestHost(pair("near", "far"));
    using other = new TestHost();
    const near = { index: host.index("near") };
    host.rtnl.execute(link.rename(near, "renamed"));
    assert.deepEqual(host.names(), ["far", "lo", "renamed"]);
    host.rtnl.execute(link.move(near, { namespaceFd: other.namespace.fd, name: "eth7" }));
    host.rtnl.execute(link.move({ name: "far" }, { namespaceFd: other.namespace.fd }));
    assert.deepEqual(host.names(), ["lo"]);
    assert.deepEqual(other.names(), ["eth7", "far", "lo"]);
  });

  it("count what passes", () => {
    using host = new TestHost(link.change({ name: "lo" }, { up: true }));
    const loopback = () =>
      host.rtnl.query(link.get({ name: "lo" })).statistics ?? assert.fail("no statistics");
    const before = loopback();
    const ping = host.namespace.run(() => spawnSync("ping", ["-c3", "-i0.01", "-s100", "127.0.0.1"]));
    assert.equal(ping.status, 0);
    const after = loopback();
    assert.equal(after.rxPackets - before.rxPackets, 6n);
    assert.equal(after.txBytes - before.txBytes, 6n * (20n + 8n + 100n));
  });
});
