// One sandbox on several networks: names of interfaces, the way out, and replies that go back the way they came.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rule } from "@causeway/kernel";
import type { Network, Sandbox } from "@causeway/libnetwork";
import { namespaceOf, TestHost } from "../support/host.ts";
import { inside, interfacesOf, wayOut } from "../support/inside.ts";
import { Outside } from "../support/outside.ts";
import { dualStack, ipv4Only } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";

/** The networks by which the sandbox's traffic to elsewhere leaves, as the kernel and the model have it. */
function gateways(sandbox: Sandbox): { ipv4: string | undefined; ipv6: string | undefined } {
  const nameFor = (family: 4 | 6) => {
    const chosen = sandbox.gateway(family);
    const info = chosen?.info();
    const expected = family === 4 ? info?.gatewayIpv4 : info?.gatewayIpv6;
    const way = info === undefined ? undefined : `${expected} by ${info.interfaceName}`;
    assert.equal(wayOut(sandbox, family), way, `IPv${family} in the kernel`);
    return chosen?.network.name;
  };
  return { ipv4: nameFor(4), ipv6: nameFor(6) };
}

async function join(sandbox: Sandbox, network: Network, gatewayPriority = 0) {
  const endpoint = await network.createEndpoint(`${sandbox.containerId} in ${network.name}`, {
    gatewayPriority,
  });
  await endpoint.join(sandbox);
  return endpoint;
}

test("the way out is the first by priority, then not internal, then both families, then the network's name", async (t) => {
  const host = await TestHost.create(t);
  const sandbox = await host.controller.newSandbox("c");
  const none = { ipv4: undefined, ipv6: undefined };
  assert.deepEqual(gateways(sandbox), none);

  await join(sandbox, await dualStack(host, "an internal one", 1, { internal: true }));
  assert.deepEqual(gateways(sandbox), none);
  const c = await join(sandbox, await ipv4Only(host, "c", 2));
  assert.deepEqual(gateways(sandbox), { ipv4: "c", ipv6: undefined });
  const b = await join(sandbox, await ipv4Only(host, "b", 3));
  assert.deepEqual(gateways(sandbox), { ipv4: "b", ipv6: undefined });
  const d = await join(sandbox, await dualStack(host, "d", 4));
  assert.deepEqual(gateways(sandbox), { ipv4: "d", ipv6: "d" });
  const e = await join(sandbox, await ipv4Only(host, "e", 5), 1);
  assert.deepEqual(gateways(sandbox), { ipv4: "e", ipv6: "d" }, "by family");
  const below = await join(sandbox, await dualStack(host, "a", 6), -1);
  assert.deepEqual(gateways(sandbox), { ipv4: "e", ipv6: "d" });
  assert.deepEqual(interfacesOf(sandbox), ["eth0", "eth1", "eth2", "eth3", "eth4", "eth5"]);

  for (const [leaver, left] of [
    [e, { ipv4: "d", ipv6: "d" }],
    [c, { ipv4: "d", ipv6: "d" }],
    [d, { ipv4: "b", ipv6: "a" }],
    [b, { ipv4: "a", ipv6: "a" }],
    [below, none],
  ] as const) {
    await leaver.leave(sandbox);
    assert.deepEqual(gateways(sandbox), left, `${leaver.name} has left`);
  }
  const rules = inside(sandbox, (rtnl) =>
    ([4, 6] as const).flatMap((family) => rtnl.dump(rule.list({ family }))),
  );
  assert.deepEqual(
    rules.filter(({ priority }) => priority >= 10_000 && priority < 20_000),
    [],
    "no rule of ours is left",
  );
});

test("what is published on the endpoint that is not the way out is answered the way it came", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  const sandbox = await host.controller.newSandbox("c");
  const first = await dualStack(host, "a", 1);
  const second = await dualStack(host, "b", 2);
  await join(sandbox, first);
  const endpoint = await second.createEndpoint("e", { publish: [{ containerPort: 80, hostPort: 8080 }] });
  await endpoint.join(sandbox);
  assert.deepEqual(gateways(sandbox), { ipv4: "a", ipv6: "a" });
  assert.equal(wayOut(sandbox, 4, "172.30.2.2"), "172.30.2.1 by eth1");
  assert.equal(wayOut(sandbox, 6, "fd00:2::2"), "fd00:2::1 by eth1");

  using namespace = namespaceOf(sandbox);
  await using _ipv4 = await serve(namespace, { port: 80 });
  await using _ipv6 = await serve(namespace, { port: 80, address: "::" });
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), outside.ipv4);
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv6, port: 8080 }), outside.ipv6);

  // A neighbour on the first network is reached directly, whatever address one speaks from.
  const { sandbox: neighbour } = await host.controller.attach(first, { containerId: "neighbour" });
  using next = namespaceOf(neighbour);
  await using _server = await serve(next, { port: 81 });
  assert.equal(await ask(namespace, { address: "172.30.1.3", port: 81 }), "172.30.1.2");
});

test("the sandbox keeps its way out over a restart of the controller, and the next one is right", async (t) => {
  const host = await TestHost.create(t);
  const { sandbox } = await host.controller.attach(await dualStack(host, "a", 1), { containerId: "c" });
  await join(sandbox, await dualStack(host, "b", 2));
  await host.restart();
  const again = host.controller.sandboxByContainerId("c");
  assert.ok(again !== undefined);
  assert.deepEqual(gateways(again), { ipv4: "a", ipv6: "a" });
  const [first] = again.endpoints();
  await first?.leave(again);
  assert.deepEqual(gateways(again), { ipv4: "b", ipv6: "b" });
});

test("interfaces take the lowest number that is free, and names that are asked for", async (t) => {
  const host = await TestHost.create(t);
  const sandbox = await host.controller.newSandbox("c");
  const networks = await Promise.all([1, 2, 3].map((number) => ipv4Only(host, `n${number}`, number)));
  const [one, two, three] = networks;
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  const first = await join(sandbox, one);
  await join(sandbox, two);
  await first.leave(sandbox);
  await first.join(sandbox);
  assert.equal(first.info().interfaceName, "eth0", "its old name, at once");
  await first.delete({ force: true });
  const third = await three.createEndpoint("named", { interfaceName: "lan" });
  await third.join(sandbox);
  const again = await join(sandbox, one);
  assert.deepEqual(interfacesOf(sandbox).sort(), ["eth0", "eth1", "lan"]);
  assert.equal(again.info().interfaceName, "eth0");
  const prefixed = await ipv4Only(host, "prefixed", 4, { driverOptions: { interfacePrefix: "net" } });
  const other = await join(sandbox, prefixed);
  assert.equal(other.info().interfaceName, "net0");
});
