// The packet filter, tampered with: the doctor says what is wrong, and repair makes it filter and lead again.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NftContext } from "@causeway/kernel";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { dualStack, ipv4Only } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";
import { assertWell, codes, nft } from "./support.ts";

/** A published web server; answers what somebody outside is told who asks for it. */
async function published(t: TestContext) {
  const host = await TestHost.create(t, { selfHeal: false });
  const outside = new Outside(host);
  const network = await dualStack(host, "n", 1);
  const { sandbox } = await host.controller.attach(network, {
    containerId: "web",
    endpoint: { publish: [{ containerPort: 80, hostPort: 8080 }] },
  });
  await dualStack(host, "other", 2);
  const askOutside = async (port = 8080, address = outside.hostIpv4) => {
    using inside = namespaceOf(sandbox);
    await using _server = await serve(inside, { port: 80 });
    return await ask(outside.namespace, { address, port });
  };
  outside.routeTo("172.30.1.0/24");
  return { host, outside, askOutside, [Symbol.dispose]: () => outside[Symbol.dispose]() };
}

for (const [what, command, code] of [
  ["a table is deleted", "delete table inet causeway", "firewall_table_missing"],
  ["the bridge's table is deleted", "delete table bridge causeway", "firewall_table_missing"],
  ["everything is flushed", "flush ruleset", "firewall_table_missing"],
  ["a table sleeps", "add table inet causeway { flags dormant; }", "firewall_rules_altered"],
  ["a rule is put before ours", "insert rule inet causeway forward accept", "firewall_rules_altered"],
  ["a chain is emptied", "flush chain inet causeway published", "firewall_rules_altered"],
  ["a chain is added", "add chain inet causeway mine", "firewall_rules_altered"],
  ["a chain has another policy", "chain inet causeway input { policy drop; }", "firewall_rules_altered"],
  [
    "a set is of another type",
    "flush chain inet causeway opened\ndelete set inet causeway opened4\n" +
      "add set inet causeway opened4 { type ipv4_addr; elements = { 172.30.1.2 }; }",
    "firewall_rules_altered",
  ],
  [
    "a port leads nowhere any more",
    "delete element inet causeway published_any4 { tcp . 8080 }",
    "firewall_elements_missing",
  ],
  ["all ports are closed", "flush set inet causeway opened4", "firewall_elements_missing"],
  ["a verdict is taken out", "flush map inet causeway into", "firewall_elements_missing"],
  [
    "somebody opens a port of a container",
    "add element inet causeway opened4 { tcp . 172.30.1.2 . 22 }",
    "firewall_elements_surplus",
  ],
  [
    "somebody adds a subnet",
    "add element inet causeway subnets4 { 10.9.0.0/16 }",
    "firewall_elements_surplus",
  ],
] as const) {
  test(`${what}: ${code}`, async (t) => {
    using scene = await published(t);
    const { host, askOutside, outside } = scene;
    await assertWell(host.controller);
    nft(host, command);
    const { items } = await host.controller.inspectHealth();
    assert.deepEqual(new Set(items.map((item) => item.code)), new Set([code]), JSON.stringify(items));
    assert.deepEqual(new Set(items.map(({ subject }) => subject.kind)), new Set(["firewall"]));
    const repair = await host.controller.repair();
    assert.deepEqual(repair, { mended: items, left: [] });
    await assertWell(host.controller);
    assert.equal(await askOutside(), outside.ipv4, "what is published is reached");
    assert.equal(await askOutside(80, "172.30.1.2"), undefined, "and nothing else");
  });
}

test("what the operator has in our tables is no difference, and survives a repair", async (t) => {
  using scene = await published(t);
  const { host } = scene;
  nft(host, "add rule inet causeway user ip saddr 203.0.113.9 drop\nadd chain inet causeway user_more");
  await assertWell(host.controller);
  nft(host, "flush chain inet causeway published");
  assert.deepEqual((await host.controller.repair()).left, []);
  using context = new NftContext(host.namespace);
  assert.match(context.run("list chain inet causeway user"), /203\.0\.113\.9/);
  context.run("list chain inet causeway user_more");
});

test("a table of our name that is somebody else's is told of, and left alone", async (t) => {
  using scene = await published(t);
  const { host } = scene;
  nft(host, 'delete table inet causeway\nadd table inet causeway { comment "mine"; }');
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(codes(items), ["firewall_table_taken"]);
  const { mended, left } = await host.controller.repair();
  assert.deepEqual([codes(mended), codes(left)], [[], ["firewall_table_taken"]]);
  nft(host, "delete table inet causeway");
  await host.controller.repair();
  await assertWell(host.controller);
});

test("another table that drops what is forwarded is told of, with a mend that mends", async (t) => {
  using scene = await published(t);
  const { host } = scene;
  nft(
    host,
    "add table ip filter\nadd chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }",
  );
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(codes(items), ["forward_dropped"]);
  assert.equal(items[0]?.nature, "foreign");
  assert.deepEqual(codes((await host.controller.repair()).left), ["forward_dropped"]);
  const commands = [...(items[0]?.mend ?? "").matchAll(/"nft (.*?)"/g)].map(([, command]) => command);
  assert.equal(commands.length, 2);
  nft(host, commands.join("\n"));
  await assertWell(host.controller);
  nft(host, "delete table ip filter");
});

test("a firewall that ends by refusing is told of too", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  await ipv4Only(host, "n", 1);
  nft(
    host,
    "add table inet firewalld\nadd chain inet firewalld filter_FORWARD { type filter hook forward priority 10; }\n" +
      "add rule inet firewalld filter_FORWARD ct state established accept\n" +
      "add rule inet firewalld filter_FORWARD reject with icmpx admin-prohibited",
  );
  assert.deepEqual(codes((await host.controller.inspectHealth()).items), ["forward_dropped"]);
  nft(host, "delete table inet firewalld");
});
