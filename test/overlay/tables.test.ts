// What the cluster tells, read back from the kernel: all of it and nothing else, whatever is told in which order.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { fdb, link, NetNamespace, NftContext, neighbour, Rtnl } from "@causeway/kernel";
import type { Peer } from "../../packages/libnetwork/src/contracts/overlay.ts";
import { eventually } from "../support/eventually.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { type Member, OverlayCluster, usual } from "../support/overlay-cluster.ts";
import type { OverlayHost } from "../support/overlay-host.ts";
import { addEndpoint } from "../support/overlay-parts.ts";
import { canPing } from "../support/traffic.ts";

/** What a host's kernel says of endpoints elsewhere, a line each. */
function tables(host: OverlayHost, networkId: string): readonly string[] {
  using namespace = NetNamespace.open(host.pathOf(networkId));
  using rtnl = new Rtnl(namespace);
  const vxlan = rtnl.query(link.getIndex({ name: "vxlan0" }));
  const bridge = rtnl.query(link.getIndex({ name: "br0" }));
  const forwarded = rtnl.dump(fdb.list({ link: vxlan })).filter(({ mac }) => mac.startsWith("02:42"));
  return [
    ...forwarded.map(({ mac, table, remote = "" }) => `${table} ${mac} ${remote}`.trim()),
    ...rtnl
      .dump(neighbour.list({ link: bridge }))
      .filter((one) => one?.state === "permanent")
      .map((one) => `neighbour ${one?.address} ${one?.mac}`),
  ].sort();
}

function linesOf({ peer: { mac, ipv4, ipv6, hostAddress } }: Member): readonly string[] {
  const linkLocal = `fe80::42:aff:fe07:${mac.slice(-2).replace(/^0/, "")}`;
  return [
    `self ${mac} ${hostAddress}`,
    `master ${mac}`,
    ...[ipv4, ipv6, linkLocal].map((address) => `neighbour ${address} ${mac}`),
  ];
}

describe("the kernel's tables of an overlay network", () => {
  checkLeaks();

  it("hold every peer, none of the host's own, and nothing once it has gone", async () => {
    await using cluster = new OverlayCluster({ hosts: 3 });
    const network = await cluster.newNetwork();
    const { id } = network.spec;
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    const c = await cluster.join(cluster.host(3), network, usual(4));
    assert.deepEqual(tables(a.host, id), [...linesOf(b), ...linesOf(c)].sort());
    assert.deepEqual(tables(c.host, id), [...linesOf(a), ...linesOf(b)].sort());
    a.host.driver.putPeer(b.peer);
    a.host.driver.putPeer(a.peer);
    assert.deepEqual(tables(a.host, id), [...linesOf(b), ...linesOf(c)].sort());
    cluster.leave(b);
    assert.deepEqual(tables(a.host, id), [...linesOf(c)].sort());
    a.host.driver.settlePeers(id, []);
    assert.deepEqual(tables(a.host, id), []);
    a.host.driver.settlePeers(id, [a.peer, c.peer]);
    assert.deepEqual(tables(a.host, id), [...linesOf(c)].sort());
  });

  it("are filled with what was told before the first endpoint joined, and again when another comes after the last", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const { id } = network.spec;
    const b = await cluster.join(cluster.host(2), network, usual(3));
    const host = cluster.host(1);
    assert.ok(!existsSync(host.pathOf(id)));
    for (let round = 0; round < 3; round++) {
      const a = await cluster.join(host, network, usual(2));
      assert.deepEqual(tables(host, id), [...linesOf(b)].sort());
      assert.ok(await canPing(a.namespace, "10.7.0.3"));
      cluster.leave(a);
    }
    await eventually(() => assert.ok(!existsSync(host.pathOf(id))));
  });

  it("are filled when the first endpoint has joined, before anything is told again", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    await cluster.join(cluster.host(2), network, usual(3));
    const host = cluster.host(1);
    const spec = cluster.endpointSpec(network, usual(2));
    const place = await addEndpoint(host, spec, spec.id);
    cluster.host(2).driver.putPeer(cluster.peerOf(host, spec));
    using namespace = NetNamespace.open(place.path);
    assert.ok(await canPing(namespace, "10.7.0.3"));
    host.driver.leave(network.spec.id, spec.id);
    host.driver.deleteEndpoint(network.spec.id, spec.id);
    host.netstack.releaseNamespace(place);
  });

  it("hold an endpoint to its addresses as long as it is there, and no longer", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const host = cluster.host(1);
    const [a, b] = [await cluster.join(host, network, usual(2)), await cluster.join(host, network, usual(3))];
    using inside = NetNamespace.open(host.pathOf(network.spec.id));
    using nft = new NftContext(inside);
    const isHeld = ({ spec }: Member) =>
      nft.run("list set bridge causeway guarded").includes(`"veth${spec.id.slice(0, 11)}"`);
    assert.deepEqual([a, b].map(isHeld), [true, true]);
    cluster.leave(a);
    assert.deepEqual([a, b].map(isHeld), [false, true]);
  });

  it("are told of without the packet filter being written anew, but once after a restart with tunnels of other settings", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const { id } = network.spec;
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    using inside = NetNamespace.open(a.host.pathOf(id));
    using nft = new NftContext(inside);
    // Each rule has a handle that no other one gets.
    const handles = () => JSON.stringify(nft.list("table bridge causeway"));
    const handlesOnceTold = (...peers: readonly Peer[]) => {
      a.host.driver.settlePeers(id, peers);
      return handles();
    };
    const before = handles();
    assert.equal(handlesOnceTold(b.peer), before);
    assert.equal(handlesOnceTold(), before);
    await a.host.driver.close();
    a.host.driver = a.host.openDriver({ vxlanPort: 4999 });
    a.host.driver.restoreNetwork(network.spec, network.state);
    await a.host.driver.restoreEndpoint(a.spec, { bindings: [] }, true);
    a.host.driver.restored();
    const restored = handles();
    const changed = handlesOnceTold(b.peer);
    assert.notEqual(changed, restored);
    assert.equal(handlesOnceTold(), changed);
  });

  it("an address that is somewhere else is there at once, and connections go on", async () => {
    await using cluster = new OverlayCluster({ hosts: 3 });
    const network = await cluster.newNetwork();
    const { id } = network.spec;
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    // The new one is told before the old one is taken back.
    const moved = await cluster.join(cluster.host(3), network, usual(3));
    assert.deepEqual(tables(a.host, id), [...linesOf(moved)].sort());
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    cluster.leave(b);
    assert.deepEqual(tables(a.host, id), [...linesOf(moved)].sort());
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    // And to the host of those who talk to it.
    const home = await cluster.join(cluster.host(1), network, usual(3));
    assert.deepEqual(tables(a.host, id), []);
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    assert.ok(await canPing(a.namespace, "fd00:7::3"));
    cluster.leave(moved);
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    // And away again, told before it is left here.
    const away = await cluster.join(cluster.host(2), network, usual(3));
    cluster.leave(home);
    assert.deepEqual(tables(a.host, id), [...linesOf(away)].sort());
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
  });

  it("an address that somebody else has by now is reached at once, whatever MAC was remembered of it", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    assert.ok(await canPing(a.namespace, "fd00:7::3"));
    cluster.leave(b);
    await cluster.join(cluster.host(2), network, { ...usual(3), mac: "02:42:0a:07:00:77" });
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    assert.ok(await canPing(a.namespace, "fd00:7::3"));
  });

  it("a peer's new MAC takes the place of the old one", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    const changed = { ...b, peer: { ...b.peer, mac: "02:42:0a:07:00:33" } };
    a.host.driver.putPeer(changed.peer);
    assert.deepEqual(tables(a.host, network.spec.id), [...linesOf(changed)].sort());
  });
});
