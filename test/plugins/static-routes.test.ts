// The network driver of examples/plugins/static-routes, as a process of its own on a host of its own.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { address, link, type NetNamespace, Rtnl } from "@causeway/kernel";
import { checkPlugin, reportText } from "@causeway/plugin-sdk";
import { ExamplePlugin } from "../support/example-plugin.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { linkNames, PluginCaller } from "../support/plugin-caller.ts";
import { canPing } from "../support/traffic.ts";

describe("the driver of static routes", () => {
  const { directory } = checkLeaks();

  async function start(t: TestContext, name: string) {
    const sockets = join(directory, name);
    const socket = join(sockets, "static-routes.sock");
    const caller = new PluginCaller("static-routes", { sockets, specs: [] });
    const plugin = new ExamplePlugin("static-routes", [socket], caller.namespace);
    t.after(async () => {
      await plugin.end("SIGTERM");
      caller[Symbol.dispose]();
    });
    await plugin.start();
    return { caller, plugin, socket };
  }

  it("keeps the protocol, and leaves no link", async (t) => {
    const { caller, plugin, socket } = await start(t, "check");
    const report = await checkPlugin(
      { kind: "unix", path: socket },
      { restart: () => plugin.restart("SIGKILL"), network: { options: routesOption } },
    );
    const broken = report.clauses.filter(({ outcome }) => outcome === "broken");
    assert.deepEqual(broken, [], reportText(report));
    const kept = report.clauses.filter(({ outcome }) => outcome === "kept").map(({ id }) => id);
    assert.ok(kept.includes("join.routes") && kept.includes("restart.endpoint"), kept.join(" "));
    assert.deepEqual(report.left, []);
    assert.deepEqual(linkNames(caller.namespace), ["lo"]);
  });

  const routesOption = { routes: "10.99.0.0/16 via 10.50.0.254, 10.98.0.0/16" };

  it("has packets go by a next hop and on the link, to what the routes name and nothing else", async (t) => {
    const { caller, plugin } = await start(t, "packets");
    const network = await caller.createNetwork("10.50.0", routesOption);
    const client = await caller.run(network, "10.50.0.2/24");
    const router = await caller.run(network, "10.50.0.254/24");
    const neighbour = await caller.run(network, "10.50.0.3/24");
    addAddress(router.namespace, "10.99.1.1");
    addAddress(router.namespace, "10.97.1.1");
    addAddress(neighbour.namespace, "10.98.1.1");

    const reached = async (target: string) => canPing(client.namespace, target);
    assert.equal(await reached("10.50.0.1"), true, "the gateway");
    assert.equal(await reached("10.99.1.1"), true, "by the next hop");
    assert.equal(await reached("10.98.1.1"), true, "on the link");
    assert.equal(await reached("10.97.1.1"), false, "the router has it, and no route names it");

    // What it has to know stands in the kernel.
    await plugin.end("SIGKILL");
    await plugin.start();
    const late = await caller.run(network, "10.50.0.4/24");
    assert.equal(await canPing(late.namespace, "10.99.1.1"), true, "after a kill");

    for (const container of [client, router, neighbour, late]) await caller.remove(network, container);
    await caller.driver.deleteNetwork({ NetworkID: network });
    assert.deepEqual(linkNames(caller.namespace), ["lo"]);
  });

  it("refuses routes that are none, and makes nothing", async (t) => {
    const { caller } = await start(t, "refused");
    for (const [routes, says] of [
      ["10.99.0.0", /remote: routes: "10\.99\.0\.0" is no CIDR, with or without "via ADDRESS"$/],
      ["10.99.0.0/16 by 10.50.0.9", /is no CIDR, with or without/],
      [Array.from({ length: 20 }, (_, at) => `10.99.${at}.0/24`).join(), /alias/],
    ] as const) {
      await assert.rejects(caller.createNetwork("10.50.0", { routes }), { message: says });
      assert.deepEqual(linkNames(caller.namespace), ["lo"]);
    }
  });
});

function addAddress(namespace: NetNamespace, ip: string): void {
  using rtnl = new Rtnl(namespace);
  const { index } = rtnl.query(link.get({ name: "eth0" }));
  rtnl.execute(address.add({ link: index, address: ip, prefixLength: 32 }));
}
