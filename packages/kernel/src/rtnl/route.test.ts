import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as address from "./address.ts";
import * as route from "./route.ts";
import { assertAgree, pair, pick, type Shown, TestHost } from "./test-support.ts";

const tables = new Map([
  [254, "main"],
  [255, "local"],
]);
const protocols = new Map([
  [2, "kernel"],
  [3, "boot"],
  [4, "static"],
]);
const scopes = new Map([
  [0, "global"],
  [253, "link"],
  [254, "host"],
]);

const properties = [
  ...[
    "type",
    "dst",
    "gateway",
    "via",
    "dev",
    "table",
    "protocol",
    "scope",
    "prefsrc",
    "metric",
    "flags",
    "nexthops",
  ],
  "metrics",
];

/** A host with addresses of both families on one link. */
class RoutingHost extends TestHost {
  readonly near: number;
  readonly far: number;

  constructor() {
    super(pair("near", "far"));
    this.near = this.index("near");
    this.far = this.index("far");
    this.up("lo", "near", "far");
    this.rtnl.execute(
      address.add({ link: this.near, address: "10.0.0.1", prefixLength: 24 }),
      address.add({ link: this.near, address: "fd00::1", prefixLength: 64 }),
    );
  }

  /** A route of ours as `ip -json -details route` shows it. */
  asShown(found: route.Route): Shown {
    const dev = (index: number | undefined) => (index === undefined ? {} : { dev: this.nameOf(index) });
    const via = (gateway: string | undefined) => {
      if (gateway === undefined) return {};
      return gateway.includes(":") === (found.family === 6)
        ? { gateway }
        : { via: { family: "inet6", host: gateway } };
    };
    const hostLength = found.family === 6 ? "/128" : "/32";
    const { mtu, advertisedMss, hopLimit } = found.metrics;
    const metrics = {
      ...(mtu === undefined ? {} : { mtu }),
      ...(advertisedMss === undefined ? {} : { advmss: advertisedMss }),
      ...(hopLimit === undefined ? {} : { hoplimit: hopLimit }),
    };
    return {
      type: found.type,
      dst: found.destination.endsWith(hostLength)
        ? found.destination.slice(0, -hostLength.length)
        : found.destination,
      table: tables.get(found.table) ?? String(found.table),
      protocol: protocols.get(found.protocol),
      scope: scopes.get(found.scope),
      flags: found.onLink ? ["onlink"] : [],
      ...dev(found.link),
      ...via(found.gateway),
      ...(found.preferredSource === undefined ? {} : { prefsrc: found.preferredSource }),
      ...(found.priority === undefined ? {} : { metric: found.priority }),
      ...(Object.keys(metrics).length === 0 ? {} : { metrics: [metrics] }),
      ...(found.nextHops.length === 0
        ? {}
        : {
            nexthops: found.nextHops.map(({ gateway, link, weight, onLink }) => ({
              ...via(gateway),
              ...dev(link),
              weight,
              flags: onLink === true ? ["onlink"] : [],
            })),
          }),
    };
  }

  nameOf(index: number): string {
    return index === this.near ? "near" : index === this.far ? "far" : "lo";
  }

  listed(filter: route.RouteFilter): string[] {
    return this.rtnl.dump(route.list(filter)).map(({ destination }) => destination);
  }
}

describe("routes", () => {
  checkLeaks();

  it("of every sort are listed as iproute2 lists them", () => {
    using host = new RoutingHost();
    const { near, far } = host;
    host.rtnl.execute(
      route.add({ destination: "default", gateway: "10.0.0.254" }),
      route.add({ destination: "default", gateway: "fd00::254", link: near, mtu: 1400 }),
      route.add({
        destination: "10.1.0.0/16",
        gateway: "10.0.0.2",
        priority: 7,
        protocol: 4,
        mtu: 1400,
        advertisedMss: 1300,
      }),
      route.add({
        destination: "10.2.0.0/16",
        link: far,
        preferredSource: "10.0.0.1",
        metrics: { hopLimit: 9 },
      }),
      route.add({ destination: "10.3.0.0/16", gateway: "172.16.0.1", link: near, onLink: true }),
      route.add({ destination: "10.4.0.0/16", type: "blackhole" }),
      route.add({ destination: "10.5.0.0/16", type: "unreachable", priority: 9 }),
      route.add({ destination: "10.6.0.0/16", type: "prohibit", table: 1000 }),
      route.add({ destination: "10.7.0.0/16", type: "throw", table: 100 }),
      route.add({ destination: "10.8.0.1", gateway: "fd00::9", link: near }),
      route.add({
        destination: "10.9.0.0/16",
        nextHops: [
          { gateway: "10.0.0.2", link: near, weight: 3 },
          { gateway: "172.16.0.2", link: far, onLink: true },
        ],
      }),
      route.add({ destination: "fd01::/64", gateway: "fd00::2", priority: 5 }),
      route.add({ destination: "fd02::/64", link: far }),
      route.add({ destination: "fd03::/64", type: "blackhole" }),
      route.add({
        destination: "fd04::/64",
        nextHops: [
          { gateway: "fd00::2", link: near },
          { gateway: "fd00::3", link: near, weight: 2 },
        ],
      }),
    );
    const theirs = () =>
      ["-4", "-6"]
        .flatMap((family) => host.run(`ip -json -details ${family} route show table all`))
        // The kernel's own have more to them than is looked at here.
        .filter(({ protocol }) => protocol !== "kernel")
        .map((shown) => pick(shown, ...properties));
    const ours = () =>
      host.rtnl
        .dump(route.list())
        .map((found) => host.asShown(found))
        .filter(({ protocol }) => protocol !== "kernel");
    assert.equal(ours().length, 15);
    const byText = (a: Shown, b: Shown) =>
      JSON.stringify([a.dst, a.dev]).localeCompare(JSON.stringify([b.dst, b.dev]));
    assertAgree(
      () => ours().sort(byText),
      () => theirs().sort(byText),
    );
  });

  it("are listed by table, family and link", () => {
    using host = new RoutingHost();
    host.rtnl.execute(
      route.add({ destination: "10.1.0.0/16", gateway: "10.0.0.2", table: 4000 }),
      route.add({ destination: "10.2.0.0/16", link: host.far, table: 4000 }),
      route.add({ destination: "fd01::/64", gateway: "fd00::2", table: 4000 }),
    );
    assert.deepEqual(host.listed({ table: 4000 }).sort(), ["10.1.0.0/16", "10.2.0.0/16", "fd01::/64"]);
    assert.deepEqual(host.listed({ table: 4000, family: 6 }), ["fd01::/64"]);
    assert.deepEqual(host.listed({ table: 4000, link: host.far }), ["10.2.0.0/16"]);
    assert.ok(host.listed({}).includes("10.0.0.1/32"), "the local table too");
  });

  it("are added once, replaced, and removed by as much as is known of them", () => {
    using host = new RoutingHost();
    const settings = { destination: "10.1.0.0/16", gateway: "10.0.0.2" };
    host.rtnl.execute(route.add(settings));
    assert.throws(() => host.rtnl.execute(route.add(settings)), { code: "EEXIST" });
    host.rtnl.execute(route.replace({ destination: "10.1.0.0/16", gateway: "10.0.0.3" }));
    const [found] = host.rtnl
      .dump(route.list({ table: 254, family: 4 }))
      .filter((one) => one.gateway !== undefined);
    assert.equal(found?.gateway, "10.0.0.3");
    assert.throws(() => host.rtnl.execute(route.remove(settings)), { code: "ESRCH" });
    host.rtnl.execute(
      route.remove({ destination: "10.1.0.0/16" }),
      route.add({ destination: "10.2.0.0/16", type: "blackhole", protocol: 4 }),
      route.add({ destination: "fd02::/64", type: "unreachable", protocol: 4 }),
      route.add({ destination: "default", family: 4, link: host.near }),
      route.add({ destination: "default", family: 6, link: host.near }),
    );
    host.rtnl.execute(
      route.remove({ destination: "10.2.0.0/16" }),
      route.remove({ destination: "fd02::/64" }),
      route.remove({ destination: "default", family: 4 }),
      route.remove({ destination: "default", family: 6 }),
    );
    const ours = host.rtnl.dump(route.list({ table: 254 })).filter(({ protocol }) => protocol !== 2);
    assert.deepEqual(ours, []);
  });

  it("are looked up as the kernel would choose them", () => {
    using host = new RoutingHost();
    host.rtnl.execute(
      route.add({ destination: "10.1.0.0/16", gateway: "10.0.0.2", mtu: 1300 }),
      route.add({ destination: "10.2.0.0/16", type: "unreachable" }),
      route.add({ destination: "fd01::/64", gateway: "fd00::2" }),
    );
    const v4 = host.rtnl.query(route.lookup("10.1.2.3"));
    assert.deepEqual(
      [v4.gateway, v4.link, v4.preferredSource, v4.mtu],
      ["10.0.0.2", host.near, "10.0.0.1", 1300],
    );
    const v6 = host.rtnl.query(route.lookup("fd01::5", { source: "fd00::1" }));
    assert.deepEqual([v6.gateway, v6.link], ["fd00::2", host.near]);
    assert.equal(host.rtnl.query(route.lookup("10.0.0.1")).type, "local");
    assert.throws(() => host.rtnl.query(route.lookup("10.2.0.1")), { code: "EHOSTUNREACH" });
    assert.throws(() => host.rtnl.query(route.lookup("192.0.2.1")), {
      message: "RTM_GETROUTE 192.0.2.1 failed with ENETUNREACH",
    });
  });

  it("say what is wrong with them in the kernel's words", () => {
    using host = new RoutingHost();
    assert.throws(() => host.rtnl.execute(route.add({ destination: "10.1.0.0/16", gateway: "192.0.2.1" })), {
      message: "RTM_NEWROUTE 10.1.0.0/16 via 192.0.2.1 failed with ENETUNREACH: Nexthop has invalid gateway",
    });
  });
});
