// What somebody takes away from under a served plugin is put back while it runs, as packets show; what is not ours to make again is told of.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it, type TestContext } from "node:test";
import { address, link } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { type Container, ServedHost } from "../support/served-host.ts";
import { canConnect, canPing, serve } from "../support/traffic.ts";

async function scene(t: TestContext, flags: readonly string[] = []) {
  const host = ServedHost.create(t);
  const served = await host.serve("ours", flags);
  const outside = host.outside();
  const { NetworkID } = await served.network("10.66.0");
  const one = await served.container(NetworkID, "10.66.0.2/24");
  const two = await served.container(NetworkID, "10.66.0.3/24");
  const server = await serve(two.namespace, { port: 80 });
  t.after(() => server[Symbol.asyncDispose]());
  await two.publish([8080, 80]);
  const works = () =>
    eventually(async () => {
      assert.equal(await canPing(one.namespace, "10.66.0.3"), true);
      assert.equal(await canPing(one.namespace, "10.66.0.1"), true);
      assert.equal(await canConnect(outside, "192.0.2.1", 8080), true);
      assert.equal(await canConnect(outside, "10.66.0.3", 80), false, "past the published port");
    });
  const bridge = () => {
    const [found] = host.rtnl.findLinks({ kind: "bridge" });
    assert.ok(found);
    return found;
  };
  const port = (container: Container) => {
    const found = host.rtnl
      .dump(link.list({ kind: "veth" }))
      .find(({ alias }) => alias?.endsWith(container.ids.EndpointID));
    assert.ok(found);
    return found;
  };
  const run = (command: string) =>
    host.namespace.run(() => execFileSync("sh", ["-c", command], { encoding: "utf8" }));
  const end = async (...containers: readonly Container[]) => {
    for (const container of containers) await container.remove();
    await served.driver.deleteNetwork({ NetworkID });
  };
  return { host, served, outside, one, two, works, bridge, port, run, end };
}

describe("under a served plugin that runs", () => {
  it("a bridge, a port, an address and the firewall's tables are put back", async (t) => {
    const { host, served, one, two, works, bridge, port, run, end } = await scene(t);
    await works();
    const damages: Readonly<Record<string, () => void>> = {
      bridge_missing: () => host.rtnl.execute(link.remove({ index: bridge().index })),
      host_end_detached: () => host.rtnl.execute(link.change({ index: port(two).index }, { master: 0 })),
      host_end_down: () => host.rtnl.execute(link.change({ index: port(one).index }, { up: false })),
      bridge_address_missing: () => {
        const { index } = bridge();
        host.rtnl.execute(address.remove({ link: index, address: "10.66.0.1", prefixLength: 24 }));
      },
      firewall: () => {
        for (const line of run("nft list tables")
          .split("\n")
          .filter((text) => text.includes("plugin_ours")))
          run(`nft delete ${line}`);
      },
    };
    for (const [what, damage] of Object.entries(damages)) {
      const before = served.plugin.log.length;
      damage();
      await eventually(() => assert.match(served.plugin.log.slice(before), /"health:mended"/, what));
      await works();
    }
    await end(one, two);
  });

  it("a pair that is gone is told of, once, and the rest goes on", async (t) => {
    const { host, served, one, two, port, end } = await scene(t);
    const { name, index } = port(one);
    host.rtnl.execute(link.remove({ index }));
    await eventually(() =>
      assert.match(served.plugin.log, new RegExp(`"health:noticed".*${name}, is missing`)),
    );
    assert.equal(await canPing(two.namespace, "10.66.0.1"), true);
    await served.driver.deleteEndpoint(one.ids);
    one.letGo();
    assert.equal(served.plugin.log.match(/"health:noticed"/g)?.length, 1);
    await end(two);
  });

  it("nothing is put back with --no-self-heal, before it starts anew", async (t) => {
    const { host, served, one, two, works, bridge, end } = await scene(t, ["--no-self-heal"]);
    host.rtnl.execute(link.remove({ index: bridge().index }));
    // Whatever it does, it does in the order in which it hears of it.
    await served.driver.endpointOperInfo(one.ids);
    assert.deepEqual(host.rtnl.findLinks({ kind: "bridge" }), []);
    await served.plugin.restart("SIGTERM");
    await works();
    await end(one, two);
  });
});
