// Bridges, broken by hand: the doctor names what is wrong and of which network, and repair makes packets flow again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { address, link, readSysctl, route, writeSysctl } from "@causeway/kernel";
import type { HealthItem } from "@causeway/libnetwork";
import { eventually } from "../support/eventually.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { assertTalking, dualStack, ipv4Only } from "../support/scenes.ts";
import { ask, canConnect, serve } from "../support/traffic.ts";
import { assertMends, assertWell, codes } from "./support.ts";

const bridgeName = "br-test";

/** Two sandboxes in one network, whose port 80 is published, and another network. */
async function scene(host: TestHost) {
  const network = await dualStack(host, "n", 1, { driverOptions: { bridgeName } });
  const publish = [{ containerPort: 80, hostPort: 8080 }];
  const { sandbox: web } = await host.controller.attach(network, {
    containerId: "web",
    endpoint: { publish },
  });
  const { sandbox: client } = await host.controller.attach(network, { containerId: "client" });
  const { sandbox: stranger } = await host.controller.attach(await dualStack(host, "other", 2), {
    containerId: "stranger",
  });
  return { network, web, client, stranger };
}

for (const [what, code, damage] of [
  ["the bridge is deleted", "bridge_missing", ({ rtnl }) => rtnl.execute(link.remove({ name: bridgeName }))],
  [
    "the bridge is taken down",
    "bridge_down",
    ({ rtnl }) => rtnl.execute(link.change({ name: bridgeName }, { up: false })),
  ],
  [
    "the gateway's address is gone",
    "gateway_missing",
    ({ rtnl }) => {
      const { index } = rtnl.query(link.get({ name: bridgeName }));
      rtnl.execute(address.remove({ link: index, address: "172.30.1.1", prefixLength: 24 }));
    },
  ],
  [
    "the gateway's IPv6 addresses are gone",
    "gateway_missing",
    ({ rtnl }) => {
      const { index } = rtnl.query(link.get({ name: bridgeName }));
      for (const found of rtnl.dump(address.list({ link: index, family: 6 })))
        rtnl.execute(
          address.remove({ link: index, address: found.address, prefixLength: found.prefixLength }),
        );
    },
  ],
  [
    "the bridge has left our group",
    "bridge_altered",
    ({ rtnl }) => rtnl.execute(link.change({ name: bridgeName }, { group: 0 })),
  ],
  [
    "the bridge has lost our mark",
    "bridge_altered",
    ({ rtnl }) => rtnl.execute(link.change({ name: bridgeName }, { alias: "mine" })),
  ],
  [
    "127.0.0.1 is not led in any more",
    "bridge_setting",
    ({ namespace }) => namespace.run(() => writeSysctl(`net/ipv4/conf/${bridgeName}/route_localnet`, 0)),
  ],
  [
    "a sandbox could become the host's router",
    "bridge_setting",
    ({ namespace }) => namespace.run(() => writeSysctl(`net/ipv6/conf/${bridgeName}/accept_ra`, 1)),
  ],
] as const satisfies readonly (readonly [string, string, (host: TestHost) => void])[]) {
  test(`${what}: ${code}`, async (t) => {
    const host = await TestHost.create(t, { selfHeal: false });
    using outside = new Outside(host);
    const { network, web, client, stranger } = await scene(host);
    await assertWell(host.controller);
    damage(host);
    const items = await assertMends(host.controller, code);
    for (const { subject } of items)
      assert.deepEqual(subject, { kind: "network", id: network.id, name: "n" });
    using inside = namespaceOf(web);
    await using _server = await serve(inside, { port: 80 });
    await using _ipv6 = await serve(inside, { port: 80, address: "::" });
    await eventually(async () => {
      assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), outside.ipv4);
      assert.equal(await ask(outside.namespace, { address: outside.hostIpv6, port: 8080 }), outside.ipv6);
      assert.ok(await canConnect(host.namespace, "127.0.0.1", 8080), "from the host itself");
    });
    await eventually(() => assertTalking(web, client));
    using foreign = namespaceOf(stranger);
    assert.ok(!(await canConnect(foreign, "172.30.1.2", 80)), "from another network it is not reached");
  });
}

test("forwarding that somebody turned off", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  using outside = new Outside(host);
  const { client } = await scene(host);
  host.namespace.run(() => {
    writeSysctl("net/ipv4/ip_forward", 0);
    writeSysctl("net/ipv6/conf/all/forwarding", 0);
  });
  const items = await assertMends(host.controller, "forwarding_off");
  assert.deepEqual(
    items.map(({ subject }) => subject),
    [{ kind: "host" }, { kind: "host" }],
  );
  assert.equal(
    host.namespace.run(() => readSysctl("net/ipv4/ip_forward")),
    "1",
  );
  using inside = namespaceOf(client);
  await using _server = await serve(outside.namespace, { port: 9 });
  await eventually(async () =>
    assert.equal(await ask(inside, { address: outside.ipv4, port: 9 }), outside.hostIpv4),
  );
});

test("forwarding that we are not to turn on is the host's affair", async (t) => {
  const host = await TestHost.create(t, {
    selfHeal: false,
    drivers: { bridge: { enableForwarding: false } },
  });
  host.namespace.run(() => writeSysctl("net/ipv4/ip_forward", 0));
  await ipv4Only(host, "n", 1);
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(
    items.map(({ code, nature }) => [code, nature]),
    [["forwarding_off", "host"]],
  );
  assert.deepEqual(codes((await host.controller.repair()).left), ["forwarding_off"]);
  assert.equal(
    host.namespace.run(() => readSysctl("net/ipv4/ip_forward")),
    "0",
  );
});

test("somebody else's link in the place of the bridge is told of, and left alone", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { network } = await scene(host);
  for (const settings of [
    { name: bridgeName, info: { kind: "bridge" } },
    { name: bridgeName, info: { kind: "veth", veth: { peer: { name: "other" } } } },
  ]) {
    host.rtnl.execute(link.remove({ name: bridgeName }), link.create(settings));
    const before = host.rtnl.query(link.get({ name: bridgeName }));
    const { items } = await host.controller.inspectHealth();
    assert.deepEqual(codes(items), ["bridge_taken"]);
    assert.deepEqual(items[0]?.subject, { kind: "network", id: network.id, name: "n" });
    assert.equal(items[0]?.nature, "foreign");
    const { mended, left } = await host.controller.repair();
    assert.deepEqual([codes(mended), codes(left)], [[], ["bridge_taken"]]);
    const after = host.rtnl.query(link.get({ name: bridgeName }));
    assert.deepEqual([after.index, after.flags, after.alias], [before.index, before.flags, before.alias]);
  }
  host.rtnl.execute(link.remove({ name: bridgeName }));
  assert.deepEqual((await host.controller.repair()).left, []);
  await assertWell(host.controller);
});

test("a bridge that was there before us is not made, but taken up again", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const make = () => host.rtnl.execute(link.create({ name: bridgeName, info: { kind: "bridge" } }));
  make();
  const { web, client } = await scene(host);
  await assertWell(host.controller);
  host.rtnl.execute(link.remove({ name: bridgeName }));
  const [item]: readonly HealthItem[] = (await host.controller.inspectHealth()).items;
  assert.deepEqual([item?.code, item?.repairable], ["bridge_missing", false]);
  assert.deepEqual(codes((await host.controller.repair()).left), ["bridge_missing"]);
  make();
  await assertMends(host.controller, "bridge_replaced");
  await eventually(() => assertTalking(web, client));
  const { alias, group } = host.rtnl.query(link.get({ name: bridgeName }));
  assert.deepEqual([alias, group], [undefined, 0]);
  await host.controller.networkByName("n")?.endpointByName("web")?.delete({ force: true });
  await host.controller.networkByName("n")?.endpointByName("client")?.delete({ force: true });
  await host.controller.networkByName("n")?.delete();
  host.rtnl.execute(link.remove({ name: bridgeName }));
});

test("a route of the host that came later, into a network's subnet", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  using outside = new Outside(host);
  await ipv4Only(host, "n", 1);
  host.rtnl.execute(route.add({ destination: "172.30.1.128/25", gateway: outside.ipv4 }));
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(codes(items), ["route_overlap"]);
  assert.match(items[0]?.message ?? "", /172\.30\.1\.128\/25 by uplink0/);
  assert.deepEqual(codes((await host.controller.repair()).left), ["route_overlap"]);
  host.rtnl.execute(route.remove({ destination: "172.30.1.128/25" }));
  await assertWell(host.controller);
});
