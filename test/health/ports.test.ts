// Host ports that somebody else had when the controller opened: told of, taken again when they are free, and never forgotten.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InetSockaddr, ipToBytes, listenTcp, type OwnedFd, setGuard } from "@causeway/kernel";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { ipv4Only } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";
import { assertMends, assertWell, codes } from "./support.ts";

function occupy(host: TestHost, port: number): OwnedFd {
  const everywhere = "0.0.0.0";
  const at = new InetSockaddr(ipToBytes(everywhere), everywhere);
  return host.namespace.run(() => listenTcp(at, port, { backlog: 1 }));
}

/** A web server with two ports, of which somebody takes the first, or these, while no controller runs. */
async function scene(host: TestHost, taken: readonly number[] = [8080]) {
  const network = await ipv4Only(host, "n", 1);
  const publish = [8080, 8081].map((hostPort) => ({ containerPort: 80, hostPort, hostAddress: "0.0.0.0" }));
  await host.controller.attach(network, { containerId: "web", endpoint: { publish } });
  await host.stop();
  const takers = taken.map((port) => occupy(host, port));
  await host.start();
  const letGo = (at: number) => takers[at]?.[Symbol.dispose]();
  return { letGo };
}

function webOf(host: TestHost) {
  const sandbox = host.controller.sandboxByContainerId("web");
  const [endpoint] = sandbox?.endpoints() ?? [];
  assert.ok(sandbox !== undefined && endpoint !== undefined);
  return { sandbox, endpoint };
}

async function served(host: TestHost, outside: Outside, port: number): Promise<boolean> {
  using inside = namespaceOf(webOf(host).sandbox);
  await using _server = await serve(inside, { port: 80 });
  return (await ask(outside.namespace, { address: outside.hostIpv4, port })) === outside.ipv4;
}

test("others are held all the same, and a repair takes them when the taker is gone", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  using outside = new Outside(host);
  const { letGo } = await scene(host);
  const { id } = webOf(host).endpoint;
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(codes(items), ["port_taken"]);
  assert.deepEqual(items[0]?.subject, { kind: "endpoint", id, name: "web" });
  assert.match(items[0]?.message ?? "", /0\.0\.0\.0:8080->80\/tcp/);
  const { left } = await host.controller.repair();
  assert.deepEqual(codes(left), ["port_taken"]);
  assert.match(left[0]?.message ?? "", /8080.*could not be mended.*in use/);
  assert.ok(await served(host, outside, 8081));
  assert.ok(!(await served(host, outside, 8080)));
  letGo(0);
  await assertMends(host.controller, "port_taken");
  assert.ok(await served(host, outside, 8080));
  assert.throws(() => occupy(host, 8080), { code: "EADDRINUSE" });
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
  assert.equal(webOf(host).endpoint.record.state.bindings.length, 2);
  await assertWell(host.controller);
});

test("a port that cannot be opened is not kept from others, and is taken by the next repair", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  using outside = new Outside(host);
  const { letGo } = await scene(host);
  letGo(0);
  setGuard({
    before: ({ operation }) => (operation === "NFT_MSG_NEWSETELEM" ? { code: "ENOBUFS" } : undefined),
    after: () => undefined,
  });
  const { left } = await host.controller.repair().finally(() => setGuard(undefined));
  assert.deepEqual(codes(left), ["port_taken"]);
  assert.match(left[0]?.message ?? "", /could not be mended/);
  occupy(host, 8080)[Symbol.dispose]();
  await assertMends(host.controller, "port_taken");
  assert.ok(await served(host, outside, 8080));
});

test("a later start takes them, even when the endpoint was stored without them meanwhile", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  using outside = new Outside(host);
  const { letGo } = await scene(host);
  const { sandbox, endpoint } = webOf(host);
  await endpoint.leave(sandbox);
  await endpoint.join(sandbox);
  await host.restart();
  assert.deepEqual(codes((await host.controller.inspectHealth()).items), ["port_taken"]);
  letGo(0);
  await host.restart();
  await assertWell(host.controller);
  assert.ok(await served(host, outside, 8080));
  assert.equal(webOf(host).endpoint.record.withheld, undefined);
});

test("who takes a port back, or publishes it anew, has no use for it any more", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { letGo } = await scene(host, [8080, 8081]);
  const { endpoint } = webOf(host);
  assert.deepEqual(codes((await host.controller.inspectHealth()).items), ["port_taken", "port_taken"]);
  letGo(1);
  await endpoint.publish([{ containerPort: 80, hostPort: 8081, hostAddress: "0.0.0.0" }]);
  assert.deepEqual(codes((await host.controller.inspectHealth()).items), ["port_taken"]);
  await endpoint.unpublish([{ hostPort: 8080 }]);
  await assertWell(host.controller);
  letGo(0);
  await host.restart();
  assert.deepEqual(
    webOf(host).endpoint.record.state.bindings.map(({ hostPort }) => hostPort),
    [8081],
  );
  await assertWell(host.controller);
});
