// Endpoints and sandboxes, broken by hand: named, mended, and talking again.

import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { address, link, NftContext, type Rtnl, route, rule, unbindNamespace } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { look } from "../support/dns-asker.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { inside, wayOut } from "../support/inside.ts";
import { Outside } from "../support/outside.ts";
import { assertTalking, dualStack } from "../support/scenes.ts";
import { ask, canConnect, serve } from "../support/traffic.ts";
import { assertMends, assertWell, codes } from "./support.ts";

async function scene(host: TestHost) {
  const network = await dualStack(host, "n", 1);
  const publish = [{ containerPort: 80, hostPort: 8080 }];
  const { sandbox: web, endpoint } = await host.controller.attach(network, {
    containerId: "web",
    endpoint: { publish, staticRoutes: [{ destination: "10.7.0.0/16", nextHop: "172.30.1.3" }] },
  });
  const { sandbox: client } = await host.controller.attach(network, { containerId: "client" });
  return { network, web, client, endpoint, hostEnd: `veth${endpoint.id.slice(0, 11)}` };
}

type Scene = Awaited<ReturnType<typeof scene>>;

function nftInside(sandbox: Sandbox, commands: string): void {
  using namespace = namespaceOf(sandbox);
  using context = new NftContext(namespace);
  context.run(commands);
}

const indexOf = (rtnl: Rtnl, name = "eth0") => rtnl.query(link.getIndex({ name }));

const damages: readonly (readonly [
  what: string,
  code: string,
  about: "endpoint" | "sandbox",
  damage: (host: TestHost, scene: Scene) => void,
])[] = [
  [
    "the pair is deleted",
    "interface_missing",
    "endpoint",
    ({ rtnl }, { hostEnd }) => rtnl.execute(link.remove({ name: hostEnd })),
  ],
  [
    "the interface is renamed",
    "interface_missing",
    "endpoint",
    (_, { web }) =>
      inside(web, (rtnl) => {
        const index = indexOf(rtnl);
        rtnl.execute(link.change({ index }, { up: false }), link.rename({ index }, "mine"));
      }),
  ],
  [
    "the interface is down",
    "interface_down",
    "endpoint",
    (_, { web }) => inside(web, (rtnl) => rtnl.execute(link.change({ name: "eth0" }, { up: false }))),
  ],
  [
    "the interface has another MAC",
    "interface_altered",
    "endpoint",
    (_, { web }) =>
      inside(web, (rtnl) => rtnl.execute(link.change({ name: "eth0" }, { address: "02:00:00:00:00:09" }))),
  ],
  [
    "all its addresses are gone",
    "address_missing",
    "endpoint",
    (_, { web }) =>
      inside(web, (rtnl) => {
        const index = indexOf(rtnl);
        for (const found of rtnl.dump(address.list({ link: index })))
          rtnl.execute(
            address.remove({ link: index, address: found.address, prefixLength: found.prefixLength }),
          );
      }),
  ],
  [
    "the host's end is down",
    "host_end_down",
    "endpoint",
    ({ rtnl }, { hostEnd }) => rtnl.execute(link.change({ name: hostEnd }, { up: false })),
  ],
  [
    "the host's end is off the bridge",
    "host_end_off_bridge",
    "endpoint",
    ({ rtnl }, { hostEnd }) => rtnl.execute(link.change({ name: hostEnd }, { master: 0 })),
  ],
  [
    "the host's end learns from frames that pass the filter by",
    "host_end_altered",
    "endpoint",
    ({ rtnl }, { hostEnd }) =>
      rtnl.execute(
        link.change(
          { name: hostEnd },
          { info: { slaveKind: "bridge", bridgePort: { groupForwardMask: 0 } } },
        ),
      ),
  ],
  [
    "the host's end has lost our mark",
    "host_end_altered",
    "endpoint",
    ({ rtnl }, { hostEnd }) => rtnl.execute(link.change({ name: hostEnd }, { alias: "mine" })),
  ],
  [
    "the default routes are gone",
    "route_missing",
    "sandbox",
    (_, { web }) =>
      inside(web, (rtnl) =>
        rtnl.execute(
          route.remove({ destination: "default", family: 4 }),
          route.remove({ destination: "default", family: 6 }),
        ),
      ),
  ],
  [
    "every route is gone",
    "route_missing",
    "sandbox",
    (_, { web }) =>
      inside(web, (rtnl) => {
        for (const { destination, family, table, link: by } of rtnl.dump(
          route.list({ table: route.mainTable }),
        ))
          if (by !== undefined) rtnl.attempt([route.remove({ destination, family, table, link: by })]);
      }),
  ],
  [
    "every rule of the packet filter in it is flushed",
    "names_unanswered",
    "sandbox",
    (_, { web }) => nftInside(web, "flush ruleset"),
  ],
  [
    "a rule more stands before the resolver's",
    "names_unanswered",
    "sandbox",
    (_, { web }) => nftInside(web, "insert rule ip causeway_names queries udp dport 53 drop"),
  ],
];

for (const [what, code, about, damage] of damages) {
  test(`${what}: ${code}`, async (t) => {
    const host = await TestHost.create(t, { selfHeal: false });
    using outside = new Outside(host);
    const made = await scene(host);
    const { web, client, endpoint } = made;
    await assertWell(host.controller);
    damage(host, made);
    const items = await assertMends(host.controller, code);
    const { id, containerId: name } = web;
    const subject =
      about === "endpoint" ? { kind: about, id: endpoint.id, name: "web" } : { kind: about, id, name };
    for (const item of items) assert.deepEqual(item.subject, subject);
    await assertServes(outside, web);
    await eventually(() => assertTalking(web, client));
    for (const protocol of ["udp", "tcp"] as const)
      assert.equal(await look(web, "client", { protocol }), "172.30.1.3");
    assert.equal(wayOut(web, 4), "172.30.1.1 by eth0");
    assert.equal(wayOut(web, 6), "fd00:1::1 by eth0");
    const foreign = inside(web, (rtnl) => rtnl.query(route.lookup("10.7.0.1")).gateway);
    assert.equal(foreign, "172.30.1.3");
    await host.restart();
    await assertWell(host.controller);
  });
}

async function assertServes(outside: Outside, web: Sandbox): Promise<void> {
  using namespace = namespaceOf(web);
  await using _ipv4 = await serve(namespace, { port: 80 });
  await using _ipv6 = await serve(namespace, { port: 80, address: "::" });
  await eventually(async () => {
    assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), outside.ipv4);
    assert.equal(await ask(outside.namespace, { address: outside.hostIpv6, port: 8080 }), outside.ipv6);
  });
  assert.ok(!(await canConnect(outside.namespace, "172.30.1.2", 80)));
}

test("a default route by another way is somebody's choice: told of, and left", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { web } = await scene(host);
  inside(web, (rtnl) => rtnl.execute(route.replace({ destination: "default", gateway: "172.30.1.3" })));
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(
    items.map(({ code, repairable }) => [code, repairable]),
    [["route_altered", false]],
  );
  assert.deepEqual(codes((await host.controller.repair()).left), ["route_altered"]);
  assert.equal(wayOut(web, 4), "172.30.1.3 by eth0");
  inside(web, (rtnl) => rtnl.execute(route.remove({ destination: "default", family: 4 })));
  await assertMends(host.controller, "route_missing");
});

test("refresh() answers again in a sandbox whose rules were flushed", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { web } = await scene(host);
  nftInside(web, "flush ruleset");
  assert.equal(await look(web, "client", { patience: 200 }), "nobody answers");
  await web.refresh();
  assert.equal(await look(web, "client"), "172.30.1.3");
  await assertWell(host.controller);
});

test("rules of a sandbox in several networks", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { web } = await scene(host);
  await (await (await dualStack(host, "second", 2)).createEndpoint("web")).join(web);
  await assertWell(host.controller);
  const rules = () => inside(web, (rtnl) => rtnl.dump(rule.list({ family: 4 })));
  const before = rules();
  const own = before.find(({ source }) => source !== undefined);
  assert.ok(own !== undefined);
  inside(web, (rtnl) => rtnl.execute(rule.remove(own)));
  await assertMends(host.controller, "rule_missing");
  assert.deepEqual(rules(), before);
});

test("files that are gone are written again, and the others are left as they are", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { web } = await scene(host);
  const { hosts, resolvConf, hostname } = web.files;
  const text = readFileSync(hosts, "utf8");
  rmSync(hosts);
  await assertMends(host.controller, "file_missing");
  assert.equal(readFileSync(hosts, "utf8"), text);
  const edited = "nameserver 203.0.113.1\n";
  writeFileSync(resolvConf, edited);
  const { ino } = statSync(resolvConf);
  rmSync(hosts);
  const { mended, left } = await host.controller.repair();
  assert.deepEqual([codes(mended), codes(left)], [["file_missing"], []]);
  assert.equal(readFileSync(resolvConf, "utf8"), edited);
  assert.equal(statSync(resolvConf).ino, ino);
  const { ok, items: kept } = await host.controller.inspectHealth();
  assert.equal(ok, true, "what somebody wrote into a file is no fault");
  assert.deepEqual(
    kept.map(({ code, nature, repairable }) => [code, nature, repairable]),
    [["file_edited", "kept", false]],
  );
  assert.match(String(kept[0]?.message), new RegExp(resolvConf));
  rmSync(dirname(hosts), { recursive: true });
  const items = await assertMends(host.controller, "file_missing");
  assert.equal(items.length, 3);
  assert.ok(existsSync(hostname));
});

test("a namespace that is gone is lost for good, and stands in nobody's way", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { web, client } = await scene(host);
  unbindNamespace(web.netnsPath);
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(
    items.map(({ code, nature, subject }) => [code, nature, subject.kind]),
    [["sandbox_lost", "lost", "sandbox"]],
  );
  inside(client, (rtnl) => rtnl.execute(link.change({ name: "eth0" }, { up: false })));
  const { mended, left } = await host.controller.repair();
  assert.deepEqual([codes(mended), codes(left)], [["interface_down"], ["sandbox_lost"]]);
  await web.delete({ endpoints: "delete" });
  await assertWell(host.controller);
});

test("a container that fills its own tables holds up nobody: it is told of, and the others are looked at", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { web, client, hostEnd } = await scene(host);
  inside(web, (rtnl) => {
    const index = indexOf(rtnl);
    const many = Array.from({ length: 6_000 }, (_, at) =>
      route.add({ destination: `10.200.${at >> 8}.${at & 255}/32`, link: index }),
    );
    rtnl.execute(...many);
  });
  host.rtnl.execute(link.change({ name: hostEnd }, { up: false }));
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(
    items.filter(({ code }) => code === "unread").map(({ subject }) => "name" in subject && subject.name),
    ["web", "web"],
  );
  assert.match(items[0]?.message ?? "", /there are more than 5000/);
  assert.deepEqual(
    items.filter(({ subject }) => "name" in subject && subject.name === client.containerId),
    [],
  );
});
