// The default network that is there from the start, and bridges that were there before us.

import assert from "node:assert/strict";
import { test } from "node:test";
import { address, link } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";
import { assertTalking } from "../support/scenes.ts";

const bridgesOf = (host: TestHost) => host.rtnl.findLinks({ kind: "bridge" }).map(({ name }) => name);

test("there is a default network unless it is turned off", async (t) => {
  const host = await TestHost.create(t, { defaultNetwork: {} });
  const network = host.controller.networkByName("bridge");
  assert.ok(network?.predefined);
  assert.deepEqual(bridgesOf(host), ["causeway0"]);
  const [a, b] = [await host.controller.attach(network), await host.controller.attach(network)];
  await assertTalking(a.sandbox, b.sandbox);
  await assert.rejects(network.delete(), { code: "network_predefined" });

  await host.restart({ defaultNetwork: false });
  assert.ok(host.controller.networkByName("bridge") !== undefined, "not while somebody is in it");
  for (const sandbox of host.controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
  await host.restart({ defaultNetwork: false });
  assert.equal(host.controller.networkByName("bridge"), undefined);
  await eventually(() => assert.deepEqual(bridgesOf(host), []));
});

test("its name, bridge, subnets and options can be configured, and changed while nobody is in it", async (t) => {
  const host = await TestHost.create(t, {
    defaultNetwork: {
      name: "lan",
      bridgeName: "lan0",
      subnet: "172.30.1.0/24",
      subnetIpv6: "fd00:1::/64",
      driverOptions: { icc: false },
    },
  });
  const network = host.controller.networkByName("lan");
  assert.deepEqual(
    network?.ipamInfo.map(({ pool }) => pool),
    ["172.30.1.0/24", "fd00:1::/64"],
  );
  assert.deepEqual(network?.driverOptions, { bridgeName: "lan0", icc: false });
  assert.deepEqual(bridgesOf(host), ["lan0"]);

  const changed = { name: "lan", bridgeName: "lan0", subnet: "172.30.2.0/24" };
  await host.restart({ defaultNetwork: changed });
  const other = host.controller.networkByName("lan");
  assert.deepEqual(
    other?.ipamInfo.map(({ pool }) => pool),
    ["172.30.2.0/24"],
  );
  await host.restart({ defaultNetwork: changed });
  assert.equal(host.controller.networkByName("lan")?.id, other?.id, "nothing changed");
  const { endpoint } = await host.controller.attach(host.controller.networkByName("lan") ?? assert.fail());
  await host.restart({ defaultNetwork: { ...changed, subnet: "172.30.3.0/24" } });
  assert.equal(host.controller.networkByName("lan")?.id, other?.id, "somebody is in it");
  await host.controller.networkByName("lan")?.endpointById(endpoint.id)?.delete({ force: true });
  await host.restart({ defaultNetwork: { name: "other" } });
  assert.deepEqual(
    host.controller
      .networks()
      .map(({ name }) => name)
      .sort(),
    ["host", "none", "other"],
    "one default network",
  );
});

test("a bridge that was there before is used with its port, keeps its address, and is never deleted", async (t) => {
  const host = await TestHost.create(t);
  host.rtnl.execute(link.create({ name: "lan0", info: { kind: "bridge" } }));
  const { index } = host.rtnl.query(link.get({ name: "lan0" }));
  host.rtnl.execute(address.add({ link: index, address: "10.9.9.9", prefixLength: 32 }));
  const addresses = () => host.rtnl.dump(address.list({ link: index, family: 4 })).map((one) => one.address);

  const network = await host.controller.newNetwork("bridge", "n", {
    driverOptions: { bridgeName: "lan0" },
    ipam: { config: [{ subnet: "172.30.1.0/24" }, { subnet: "fd00:1::/64" }] },
  });
  assert.deepEqual(addresses(), ["10.9.9.9", "172.30.1.1"]);
  const [a, b] = [await host.controller.attach(network), await host.controller.attach(network)];
  await assertTalking(a.sandbox, b.sandbox);
  await host.restart();
  const again = host.controller.networkByName("n");
  assert.equal(host.rtnl.query(link.get({ name: "lan0" })).index, index);
  for (const sandbox of host.controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
  await again?.delete();
  assert.deepEqual(addresses(), ["10.9.9.9"], "what was ours is taken away");
  assert.equal(host.rtnl.query(link.get({ name: "lan0" })).alias, undefined);

  await host.restart();
  assert.deepEqual(bridgesOf(host), ["lan0"], "the sweep leaves it too");
  host.rtnl.execute(link.remove({ index }));
});

test("a bridge that has the gateway's address already keeps it when the network goes", async (t) => {
  const host = await TestHost.create(t);
  host.rtnl.execute(link.create({ name: "lan0", info: { kind: "bridge" } }));
  const { index } = host.rtnl.query(link.get({ name: "lan0" }));
  host.rtnl.execute(
    link.change({ index }, { up: true }),
    address.add({ link: index, address: "172.30.1.1", prefixLength: 24 }),
  );
  const network = await host.controller.newNetwork("bridge", "n", {
    driverOptions: { bridgeName: "lan0" },
    ipam: { config: [{ subnet: "172.30.1.0/24" }] },
  });
  await host.restart();
  await host.controller.networkById(network.id)?.delete();
  const left = host.rtnl.dump(address.list({ link: index, family: 4 }));
  assert.deepEqual(
    left.map((one) => one.address),
    ["172.30.1.1"],
  );
  host.rtnl.execute(link.remove({ index }));
});
