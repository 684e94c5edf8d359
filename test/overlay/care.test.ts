// An overlay network over restarts, and under other people's hands.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { fdb, files, link, NetNamespace, neighbour, Rtnl, unbindNamespace } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { type Member, OverlayCluster, type SharedNetwork, usual } from "../support/overlay-cluster.ts";
import type { OverlayHost } from "../support/overlay-host.ts";
import { canPing } from "../support/traffic.ts";

/** A driver in the place of the host's, as after a restart; of the endpoints only these are taken up. */
async function restart(host: OverlayHost, network: SharedNetwork, members: readonly Member[]): Promise<void> {
  await host.driver.close();
  host.driver = host.openDriver();
  host.driver.restoreNetwork(network.spec, network.state);
  for (const { spec } of members) await host.driver.restoreEndpoint(spec, { bindings: [] }, true);
  host.driver.restored();
}

interface Scene {
  readonly network: SharedNetwork;
  readonly a: Member;
  readonly b: Member;
}

async function scene(cluster: OverlayCluster): Promise<Scene> {
  const network = await cluster.newNetwork();
  const a = await cluster.join(cluster.host(1), network, usual(2));
  const b = await cluster.join(cluster.host(2), network, usual(3));
  return { network, a, b };
}

/** In the network's namespace on a host. */
function inside<T>(host: OverlayHost, { spec }: SharedNetwork, action: (rtnl: Rtnl) => T): T {
  using namespace = NetNamespace.open(host.pathOf(spec.id));
  using rtnl = new Rtnl(namespace);
  return action(rtnl);
}

function codes({ host, spec }: Member): readonly string[] {
  const { health } = host.driver;
  return [
    ...health.inspectHost(),
    ...health.inspectNetwork(spec.networkId),
    ...health.inspectEndpoint(spec.networkId, spec.id),
  ].map(({ code }) => code);
}

describe("an overlay network, over time", () => {
  checkLeaks();

  it("carries on without a pause while its controller is away and comes back", async () => {
    await using cluster = new OverlayCluster();
    const { network, a, b } = await scene(cluster);
    const ping = b.namespace.spawn("ping", ["-n", "-i0.01", "-c200", "-W1", "10.7.0.2"]);
    let said = "";
    ping.stdout?.on("data", (part: Buffer) => {
      said += part.toString();
    });
    const closed = once(ping, "close");
    await eventually(() => assert.match(said, /icmp_seq=20/));
    await restart(a.host, network, [a]);
    await closed;
    assert.match(said, /200 packets transmitted, 200 received/);
    assert.deepEqual(codes(a), []);
    a.host.driver.settlePeers(network.spec.id, [b.peer]);
    assert.deepEqual(codes(a), []);
    assert.ok(await canPing(a.namespace, "fd00:7::3"));
  });

  it("takes out what went while the controller was away, and puts in what came", async () => {
    await using cluster = new OverlayCluster({ hosts: 3 });
    const { network, a, b } = await scene(cluster);
    const c = await cluster.join(cluster.host(3), network, usual(4));
    await restart(a.host, network, [a]);
    a.host.driver.settlePeers(network.spec.id, [{ ...b.peer, hostAddress: "192.0.2.9" }]);
    const found = inside(a.host, network, (rtnl) =>
      rtnl.dump(fdb.list()).filter(({ remote }) => remote !== undefined),
    );
    assert.deepEqual(
      found.map(({ mac, remote }) => [mac, remote]),
      [[b.peer.mac, "192.0.2.9"]],
    );
    assert.ok(!(await canPing(a.namespace, "10.7.0.4")));
    a.host.driver.settlePeers(network.spec.id, [b.peer, c.peer]);
    assert.ok(await canPing(a.namespace, "10.7.0.4"));
  });

  it("lets go of what a killed run was about to let go of", async () => {
    await using cluster = new OverlayCluster();
    const { network, a } = await scene(cluster);
    await restart(a.host, network, []);
    await eventually(() => assert.ok(!existsSync(a.host.pathOf(network.spec.id))));
    await restart(a.host, network, [a]);
    assert.deepEqual(codes(a), ["host_end_missing"], "the interface is the model's to make again");
  });

  it("makes anew what it finds at its place without our mark", async () => {
    await using cluster = new OverlayCluster();
    const { network, a } = await scene(cluster);
    inside(a.host, network, (rtnl) => rtnl.execute(link.change({ name: "br0" }, { alias: "mine" })));
    await restart(a.host, network, [a]);
    assert.deepEqual(codes(a), ["host_end_missing"], "the interface is the model's to make again");
  });

  it("keeps nothing open of what it had where it is restored once more, when it says that it is closed", async (t) => {
    await using cluster = new OverlayCluster();
    const { network, a, b } = await scene(cluster);
    const { driver } = a.host;
    // What is told is announced, by a socket.
    driver.putPeer({ ...b.peer, mac: usual(9).mac });
    let [begun, ended] = [0, 0];
    const close = files.close.bind(files);
    const slowClose = t.mock.method(files, "close", (fd: number, done: () => void) => {
      begun++;
      const end = () => {
        ended++;
        done();
      };
      close(fd, () => setTimeout(end, 50));
    });
    driver.restoreNetwork(network.spec, network.state);
    slowClose.mock.restore();
    await driver.restoreEndpoint(a.spec, { bindings: [] }, true);
    await driver.close();
    assert.deepEqual([begun, ended], [1, 1]);
    await restart(a.host, network, [a]);
    a.host.driver.settlePeers(network.spec.id, [b.peer]);
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
  });

  it("is well where nobody touched it", async () => {
    await using cluster = new OverlayCluster();
    const { a, b } = await scene(cluster);
    assert.deepEqual([...codes(a), ...codes(b)], []);
  });

  const blows: Readonly<Record<string, (rtnl: Rtnl, scene: Scene) => void>> = {
    "the VXLAN device is deleted": (rtnl) => rtnl.execute(link.remove({ name: "vxlan0" })),
    "somebody was killed who put a VXLAN device in the place of another": (rtnl) => {
      const index = rtnl.query(link.getIndex({ name: "vxlan0" }));
      rtnl.execute(link.change({ index }, { up: false }), link.rename({ index }, "vxlan1"));
    },
    "the VXLAN device is down": (rtnl) => rtnl.execute(link.change({ name: "vxlan0" }, { up: false })),
    "the VXLAN device is off the bridge": (rtnl) =>
      rtnl.execute(link.change({ name: "vxlan0" }, { master: 0 })),
    "the VXLAN device floods": (rtnl) =>
      rtnl.execute(
        link.change(
          { name: "vxlan0" },
          { info: { slaveKind: "bridge", bridgePort: { unicastFlood: true } } },
        ),
      ),
    "the bridge is down": (rtnl) => rtnl.execute(link.change({ name: "br0" }, { up: false })),
    "an entry of the tunnel is gone": (rtnl, { b }) =>
      rtnl.execute(fdb.remove({ link: rtnl.query(link.getIndex({ name: "vxlan0" })), mac: b.peer.mac })),
    "an entry of the bridge is gone": (rtnl, { b }) => {
      const vxlan = rtnl.query(link.getIndex({ name: "vxlan0" }));
      rtnl.execute(fdb.remove({ link: vxlan, mac: b.peer.mac, table: "master" }));
    },
    "a neighbour is another": (rtnl) => {
      const bridge = rtnl.query(link.getIndex({ name: "br0" }));
      rtnl.execute(neighbour.replace({ link: bridge, address: "10.7.0.3", mac: usual(9).mac }));
    },
    "somebody added an entry": (rtnl) => {
      const vxlan = rtnl.query(link.getIndex({ name: "vxlan0" }));
      rtnl.execute(fdb.add({ link: vxlan, mac: usual(9).mac, remote: "192.0.2.9" }));
    },
    "the host's end is off the bridge": (rtnl, { a }) =>
      rtnl.execute(link.change({ name: `veth${a.spec.id.slice(0, 11)}` }, { master: 0 })),
    "the host's end is down": (rtnl, { a }) =>
      rtnl.execute(link.change({ name: `veth${a.spec.id.slice(0, 11)}` }, { up: false })),
    "the host's end has lost our mark": (rtnl, { a }) =>
      rtnl.execute(link.change({ name: `veth${a.spec.id.slice(0, 11)}` }, { alias: "mine" })),
    "the host's end keeps frames to itself": (rtnl, { a }) =>
      rtnl.execute(
        link.change(
          { name: `veth${a.spec.id.slice(0, 11)}` },
          { info: { slaveKind: "bridge", bridgePort: { groupForwardMask: 0 } } },
        ),
      ),
    "the bridge has lost our mark": (rtnl) => rtnl.execute(link.change({ name: "br0" }, { alias: "mine" })),
  };
  for (const [what, strike] of Object.entries(blows))
    it(`is mended where ${what}`, async () => {
      await using cluster = new OverlayCluster();
      const made = await scene(cluster);
      const { network, a } = made;
      inside(a.host, network, (rtnl) => strike(rtnl, made));
      assert.notDeepEqual(codes(a), []);
      const { health } = a.host.driver;
      await health.mendNetwork(network.spec.id);
      health.mendEndpoint(network.spec.id, a.spec.id);
      assert.deepEqual(codes(a), []);
      assert.ok(await canPing(a.namespace, "10.7.0.3"));
      assert.ok(await canPing(a.namespace, "fd00:7::3"));
    });

  it("refuses to mend an endpoint whose pair is gone: the model makes it again", async () => {
    await using cluster = new OverlayCluster();
    const { network, a } = await scene(cluster);
    const { health } = a.host.driver;
    const name = `veth${a.spec.id.slice(0, 11)}`;
    inside(a.host, network, (rtnl) => rtnl.execute(link.remove({ name })));
    assert.deepEqual(codes(a), ["host_end_missing"]);
    assert.throws(() => health.mendEndpoint(network.spec.id, a.spec.id), { code: "ENODEV" });
  });

  it("is kept at its place again where somebody unmounted it", async () => {
    await using cluster = new OverlayCluster();
    const { network, a } = await scene(cluster);
    unbindNamespace(a.host.pathOf(network.spec.id));
    assert.deepEqual(codes(a), ["segment_altered"]);
    await a.host.driver.health.mendNetwork(network.spec.id);
    assert.deepEqual(codes(a), []);
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
  });

  it("says that the host has lost the address of its tunnels, as long as there are any", async () => {
    await using cluster = new OverlayCluster();
    const { a } = await scene(cluster);
    a.host.rtnl.execute(link.change({ name: "eth0" }, { up: false }));
    a.host.loseAddress();
    assert.deepEqual(codes(a), ["underlay_address_missing"]);
    cluster.leave(a);
    assert.deepEqual(codes(a), []);
  });
});
