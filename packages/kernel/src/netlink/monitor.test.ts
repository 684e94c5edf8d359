import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { eventually, patience } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { NftContext } from "../nftables/context.ts";
import { nftablesEvents } from "../nftables/events.ts";
import * as address from "../rtnl/address.ts";
import * as link from "../rtnl/link.ts";
import * as neighbour from "../rtnl/neighbour.ts";
import * as route from "../rtnl/route.ts";
import { pair, TestHost } from "../rtnl/test-support.ts";
import { Monitor, type Overrun, type Topic } from "./monitor.ts";

/** A host with its loopback up. */
const makeHost = () => new TestHost(link.change({ name: "lo" }, { up: true }));

/** Reads events until one is as wanted; fails when it does not come. */
async function waitFor<E>(
  monitor: Monitor<E>,
  wanted: (event: E | Overrun) => boolean,
): Promise<E | Overrun> {
  const late = setTimeout(() => monitor[Symbol.dispose](), patience);
  try {
    for (;;) {
      const { value, done } = await monitor.next();
      if (done === true) assert.fail("the event did not come");
      if (wanted(value)) return value;
    }
  } finally {
    clearTimeout(late);
  }
}

describe("monitor", () => {
  checkLeaks();

  it("tells of links that come, change and go", async () => {
    using host = makeHost();
    using monitor = new Monitor([link.events], { namespace: host.namespace });
    host.rtnl.execute(
      pair("near", "far"),
      link.change({ name: "near" }, { mtu: 1300 }),
      link.remove({ name: "near" }),
    );
    const isNear = (event: link.LinkEvent | Overrun) => event.type === "link" && event.link.name === "near";
    const made = await waitFor(monitor, isNear);
    assert.ok(made.type === "link" && made.change === "set" && made.link.info?.kind === "veth");
    await waitFor(monitor, (event) => isNear(event) && event.type === "link" && event.link.mtu === 1300);
    await waitFor(monitor, (event) => isNear(event) && event.type === "link" && event.change === "removed");
  });

  it("tells of addresses, routes and neighbours of both families, several topics in one", async () => {
    using host = makeHost();
    host.rtnl.execute(pair("near", "far"));
    host.rtnl.execute(
      link.change({ name: "near" }, { up: true }),
      link.change({ name: "far" }, { up: true }),
    );
    const near = host.rtnl.query(link.get({ name: "near" })).index;
    const topics = [address.events, route.events, neighbour.events];
    using monitor = new Monitor<address.AddressEvent | route.RouteEvent | neighbour.NeighbourEvent>(topics, {
      namespace: host.namespace,
    });
    const mac = "02:00:00:00:00:01";
    host.rtnl.execute(
      address.add({ link: near, address: "10.0.0.1", prefixLength: 24 }),
      address.add({ link: near, address: "fd00::1", prefixLength: 64 }),
      route.add({ destination: "10.9.0.0/16", gateway: "10.0.0.2", link: near }),
      route.add({ destination: "fd09::/64", gateway: "fd00::2", link: near }),
      neighbour.add({ link: near, address: "10.0.0.2", mac }),
    );
    const told: string[] = [];
    await waitFor(monitor, (event) => {
      if (event.type === "address" && !event.address.address.startsWith("fe80"))
        told.push(`${event.change} ${event.address.address}`);
      if (event.type === "route" && event.route.gateway)
        told.push(`${event.change} ${event.route.destination}`);
      if (event.type === "neighbour" && event.neighbour.state === "permanent")
        told.push(`${event.change} ${event.neighbour.mac}`);
      return told.length === 5;
    });
    // The kernel tells of IPv6 addresses from a queue of its own, a little later.
    assert.deepEqual(told.sort(), [
      `set ${mac}`,
      "set 10.0.0.1",
      "set 10.9.0.0/16",
      "set fd00::1",
      "set fd09::/64",
    ]);
    host.rtnl.execute(address.remove({ link: near, address: "10.0.0.1", prefixLength: 24 }));
    await waitFor(monitor, (event) => event.type === "address" && event.change === "removed");
  });

  it("tells who changed nf_tables, and what", async () => {
    using host = makeHost();
    using monitor = new Monitor([nftablesEvents], { namespace: host.namespace });
    using nft = new NftContext(host.namespace);
    nft.run("add table inet filter\nadd chain inet filter input\nadd rule inet filter input accept");
    const told: string[] = [];
    const end = await waitFor(monitor, (event) => {
      if (event.type === "nftables")
        told.push(`${event.change} ${event.object} ${event.family} ${event.table} ${event.name}`);
      return event.type === "nftables-generation";
    });
    assert.deepEqual(told, [
      "added table inet filter ",
      "added chain inet filter input",
      "added rule inet filter input",
    ]);
    assert.ok(end.type === "nftables-generation" && end.processId === process.pid, JSON.stringify(end));
    nft.run("delete table inet filter");
    const gone = await waitFor(monitor, (event) => event.type === "nftables" && event.object === "table");
    assert.ok(gone.type === "nftables" && gone.change === "removed");
  });

  it("says so when the kernel's buffer overflowed, and goes on", async () => {
    using host = makeHost();
    using monitor = new Monitor([link.events], { namespace: host.namespace });
    // No event is read meanwhile, because everything here is synchronous.
    for (let round = 0; round < 150; round++) {
      const aliases = Array.from({ length: 60 }, (_, number) => `${"x".repeat(200)} ${round} ${number}`);
      host.rtnl.execute(...aliases.map((alias) => link.change({ name: "lo" }, { alias })));
    }
    await waitFor(monitor, (event) => event.type === "overrun");
    host.rtnl.execute(link.change({ name: "lo" }, { alias: "after" }));
    const after = await waitFor(monitor, () => true);
    assert.ok(
      after.type === "link" && after.link.alias === "after",
      "nothing from before the loss comes after it",
    );
  });

  it("throws away what nobody fetches, and says so", async () => {
    using host = makeHost();
    // As many events of one message.
    const count = 20_000;
    let decoded = 0;
    const chatter: Topic<number> = { ...link.events, decode: () => ++decoded };
    using monitor = new Monitor(
      Array.from({ length: count }, () => chatter),
      { namespace: host.namespace },
    );
    host.rtnl.execute(link.change({ name: "lo" }, { mtu: 1500 }));
    await eventually(() => assert.ok(decoded >= count));
    const { value } = await monitor.next();
    assert.deepEqual(value, { type: "overrun" });
  });

  it("rejects where a message cannot be understood", async () => {
    using host = makeHost();
    const broken: Topic<never> = {
      ...link.events,
      decode: () => {
        throw new Error("cannot be understood");
      },
    };
    using monitor = new Monitor([broken], { namespace: host.namespace });
    host.rtnl.execute(link.change({ name: "lo" }, { mtu: 1400 }));
    await assert.rejects(monitor.next(), /cannot be understood/);
  });

  it("ends its consumer when it is disposed of, and is disposed of when its consumer leaves", async () => {
    using host = makeHost();
    const waited = new Monitor([link.events], { namespace: host.namespace });
    const pending = waited.next();
    waited[Symbol.dispose]();
    assert.deepEqual(await pending, { value: undefined, done: true });

    const left = new Monitor([link.events], { namespace: host.namespace });
    host.rtnl.execute(link.change({ name: "lo" }, { mtu: 1400 }));
    for await (const event of left) {
      assert.equal(event.type, "link");
      break;
    }
    assert.deepEqual(await left.next(), { value: undefined, done: true });
  });

  it("lets the process end once it is disposed of, or unreferenced", () => {
    const script = (ending: string) => `
      import { Monitor } from ${JSON.stringify(import.meta.resolve("./monitor.ts"))};
      import { events } from ${JSON.stringify(import.meta.resolve("../rtnl/link.ts"))};
      import { NetNamespace } from ${JSON.stringify(import.meta.resolve("../sys/namespace.ts"))};
      const monitor = new Monitor([events], { namespace: NetNamespace.create() });
      monitor.next().then(({ done }) => console.log("done", done));
      ${ending}`;
    const run = (ending: string) =>
      spawnSync(process.execPath, ["--input-type=module", "--eval", script(ending)], {
        encoding: "utf8",
        timeout: 20_000,
      });
    const disposed = run("setTimeout(() => monitor[Symbol.dispose](), 10);");
    assert.deepEqual([disposed.status, disposed.stdout, disposed.stderr], [0, "done true\n", ""]);
    const unreferenced = run("monitor.unref();");
    assert.deepEqual([unreferenced.status, unreferenced.stdout, unreferenced.stderr], [0, "", ""]);
  });
});
