// A network of the cluster that a repair takes up once more: who is on other hosts is known as before, and forgotten when it goes.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fdb, link, NetNamespace, Rtnl } from "@causeway/kernel";
import type { Attachment } from "@causeway/libnetwork";
import { networkNamespacePath } from "../../packages/libnetwork/src/netstack/run-directory.ts";
import { type ClusterHost, ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { canPing } from "../support/traffic.ts";

/** MACs that tunnels of a host lead to. */
function macsElsewhere({ directory }: ClusterHost, networkId: string): readonly string[] {
  using inside = NetNamespace.open(networkNamespacePath(join(directory, "run"), networkId));
  using rtnl = new Rtnl(inside);
  const vxlan = rtnl.query(link.getIndex({ name: "vxlan0" }));
  const entries = rtnl.dump(fdb.list({ link: vxlan }));
  return entries
    .filter(({ table, remote }) => table === "self" && remote !== undefined)
    .map(({ mac }) => mac)
    .sort();
}

const macOf = ({ endpoint }: Attachment) => endpoint.info().mac ?? "";

describe("a network of global scope that was taken up once more", () => {
  checkLeaks();

  it("leads to the endpoints that other hosts have, and no more to those that go", async () => {
    await using cluster = await ClusterHosts.create(2);
    const [one, two] = [cluster.host(1), cluster.host(2)];
    const { id } = await one.controller.newNetwork("overlay", "web");
    const [stays, goes] = [await one.attach("web", "stays"), await one.attach("web", "goes")];
    const b = await two.attach("web", "b");
    await eventually(() => assert.equal(macsElsewhere(two, id).length, 2));
    // While it stands in the store as this release does not know it, a repair takes it up again.
    const good = (await one.store.get("network", id)) ?? assert.fail();
    await one.store.commit([{ op: "put", kind: "network", id, value: { name: "web", record: { id } } }]);
    await eventually(() => assert.equal(two.controller.problems.length, 1));
    await two.controller.repair();
    await one.store.commit([{ op: "put", kind: "network", id, value: good.value }]);
    await goes.sandbox.delete({ endpoints: "delete" });
    await eventually(() => assert.deepEqual(macsElsewhere(two, id), [macOf(stays)]));
    using inside = namespaceOf(b.sandbox);
    assert.ok(await canPing(inside, stays.endpoint.info().ipv4?.split("/")[0] ?? ""));
    await cluster.clear();
  });
});
