// What somebody takes away of an overlay network is put back by a controller that hears of it, and what a killed run left is swept.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import { type ClusterHost, ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { canPing } from "../support/traffic.ts";

interface Scene {
  readonly one: ClusterHost;
  /** Of the network's namespace on the first host. */
  readonly path: string;
  readonly hostEnd: string;
  pings(): Promise<boolean>;
}

async function scene(cluster: ClusterHosts): Promise<Scene> {
  const network = await cluster.host(1).controller.newNetwork("overlay", "web");
  const one = cluster.host(1);
  const a = await one.attach("web", "a");
  const b = await cluster.host(2).attach("web", "b");
  const address = b.endpoint.info().ipv4?.split("/")[0] ?? "";
  const pings = async () => {
    using namespace = namespaceOf(a.sandbox);
    return canPing(namespace, address);
  };
  await eventually(async () => assert.ok(await pings()));
  return {
    one,
    path: join(one.directory, "run/netns", `network-${network.id.slice(0, 12)}`),
    hostEnd: `veth${a.endpoint.id.slice(0, 11)}`,
    pings,
  };
}

function inside(path: string, action: (rtnl: Rtnl) => void): void {
  using namespace = NetNamespace.open(path);
  using rtnl = new Rtnl(namespace);
  action(rtnl);
}

describe("an overlay network of a controller", () => {
  checkLeaks();

  const blows: Readonly<Record<string, (scene: Scene) => void>> = {
    "the VXLAN device is deleted": ({ path }) =>
      inside(path, (rtnl) => rtnl.execute(link.remove({ name: "vxlan0" }))),
    "the bridge is set down": ({ path }) =>
      inside(path, (rtnl) => rtnl.execute(link.change({ name: "br0" }, { up: false }))),
    "the bridge is deleted": ({ path }) => inside(path, (rtnl) => rtnl.execute(link.remove({ name: "br0" }))),
    "an endpoint's pair is deleted": ({ path, hostEnd }) =>
      inside(path, (rtnl) => rtnl.execute(link.remove({ name: hostEnd }))),
    "its namespace is unmounted": ({ path }) => unbindNamespace(path),
  };
  for (const [what, strike] of Object.entries(blows))
    it(`is whole again by itself where ${what}`, async () => {
      await using cluster = await ClusterHosts.create(2);
      const made = await scene(cluster);
      strike(made);
      await eventually(async () => {
        assert.ok(existsSync(made.path));
        const { items } = await made.one.controller.inspectHealth();
        assert.deepEqual(
          items.map(({ message }) => message),
          [],
        );
        assert.ok(await made.pings());
      });
      await cluster.clear();
    });

  it("sweeps a namespace and a link that belong to nothing that is stored", async () => {
    await using cluster = await ClusterHosts.create(2);
    const { one, path, pings } = await scene(cluster);
    const alias = await eventually(() => aliasIn(path));
    const stranger = join(one.directory, "run/netns/network-0123456789ab");
    await one.stop();
    {
      using left = NetNamespace.create();
      left.bindAt(stranger);
    }
    inside(path, (rtnl) =>
      rtnl.execute(
        link.create({ name: "left", info: { kind: "bridge" } }),
        link.change({ name: "left" }, { alias: alias.replace(/[^:]*$/, "f".repeat(64)) }),
      ),
    );
    await one.start();
    await eventually(() => {
      assert.ok(!existsSync(stranger));
      inside(path, (rtnl) => assert.equal(rtnl.findLink({ name: "left" }), undefined));
    });
    assert.ok(await pings());
    await cluster.clear();
  });
});

function aliasIn(path: string): string {
  let alias: string | undefined;
  inside(path, (rtnl) => {
    alias = rtnl.query(link.get({ name: "br0" })).alias;
  });
  assert.ok(alias !== undefined);
  return alias;
}
