import assert from "node:assert/strict";
import { test } from "node:test";
import { link } from "@causeway/kernel";
import { eventually } from "./eventually.ts";
import { namespaceOf, TestHost } from "./host.ts";
import { Outside } from "./outside.ts";
import { ask, serve } from "./traffic.ts";

test("a host runs a controller, and another machine is on its wire", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  await using _server = await serve(outside.namespace, { port: 80 });
  assert.equal(await ask(host.namespace, { address: outside.ipv4, port: 80 }), outside.hostIpv4);
  const network = await host.controller.newNetwork("bridge", "n");
  const { sandbox } = await host.controller.attach(network);
  using inside = namespaceOf(sandbox);
  assert.equal(await ask(inside, { address: outside.ipv4, port: 80 }), outside.hostIpv4);
  await host.restart();
  assert.equal(host.controller.networkByName("n")?.endpoints().length, 1);
});

test("what is left on a host fails its test", async () => {
  const atEnd: (() => unknown)[] = [];
  const host = await TestHost.create({ after: (action) => atEnd.push(action as () => unknown) });
  host.patience = 200;
  host.rtnl.execute(link.create({ name: "forgotten", info: { kind: "bridge" } }));
  await assert.rejects(
    async () => atEnd[0]?.(),
    /the host holds something else than at first[\s\S]*forgotten/,
  );
});

test("eventually waits for an assertion, and not for ever", async () => {
  let calls = 0;
  await eventually(() => assert.equal(++calls, 3));
  await assert.rejects(
    eventually(() => assert.fail("never"), 20),
    /never/,
  );
});
