// Many things at once: what touches the same object waits its turn, what does not overlaps.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHost } from "../support/host.ts";
import { addressesOf, interfacesOf } from "../support/inside.ts";
import { assertTalking, dualStack, ipv4Only } from "../support/scenes.ts";

/** Codes of the errors, `ok` for what was done; in the order of asking. */
async function outcomes(...actions: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(actions);
  return settled.map((one) => (one.status === "fulfilled" ? "ok" : (one.reason.code ?? String(one.reason))));
}

test("fifty attaches at once get fifty addresses, and all go at once", async (t) => {
  const host = await TestHost.create(t, { warmNamespaces: 4 });
  const network = await dualStack(host, "n", 1);
  const names = Array.from({ length: 50 }, (_, number) => `c${number}`);
  const attached = await Promise.all(
    names.map((containerId) => host.controller.attach(network, { containerId })),
  );
  const addresses = new Set(attached.flatMap(({ endpoint: { ipv4, ipv6 } }) => [ipv4, ipv6]));
  assert.equal(addresses.size, 100);
  assert.equal(network.endpoints().length, 50);
  const [first, last] = [attached[0], attached[49]];
  assert.ok(first !== undefined && last !== undefined);
  await assertTalking(first.sandbox, last.sandbox);
  await Promise.all(attached.map(({ sandbox }) => sandbox.delete({ endpoints: "delete" })));
  assert.deepEqual(network.endpoints(), []);
  assert.equal(network.ipamStatus()[0]?.used, 1n, "the gateway's");
});

test("one name, one address, one bridge: the first has it", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const subnet = (number: number) => ({ ipam: { config: [{ subnet: `172.30.${number}.0/24` }] } });
  const named = (number: number) => controller.newNetwork("bridge", "n", subnet(number));
  assert.deepEqual(await outcomes(named(1), named(2)), ["ok", "network_name_in_use"]);
  const bridged = (number: number) =>
    controller.newNetwork("bridge", `n${number}`, { ...subnet(number), driverOptions: { bridgeName: "br" } });
  assert.deepEqual(await outcomes(bridged(3), bridged(4)), ["ok", "bridge_in_use"]);
  const inSubnet = (number: number) => controller.newNetwork("bridge", `n${number}`, subnet(9));
  assert.deepEqual(await outcomes(inSubnet(5), inSubnet(6)), ["ok", "pool_overlap"]);
  const network = controller.networkByName("n");
  assert.ok(network !== undefined);
  const endpoint = (name: string) => network.createEndpoint(name, { ipv4: "172.30.1.7" });
  assert.deepEqual(await outcomes(endpoint("a"), endpoint("b")), ["ok", "address_in_use"]);
  const sandbox = () => controller.newSandbox("c");
  assert.deepEqual(await outcomes(sandbox(), sandbox()), ["ok", "sandbox_exists"]);
});

test("joins of one sandbox wait for each other: eth0, eth1, eth2", async (t) => {
  const host = await TestHost.create(t);
  const sandbox = await host.controller.newSandbox("c");
  const networks = await Promise.all([1, 2, 3].map((number) => ipv4Only(host, `n${number}`, number)));
  const endpoints = await Promise.all(networks.map((network) => network.createEndpoint("e")));
  await Promise.all(endpoints.map((endpoint) => endpoint.join(sandbox)));
  assert.deepEqual(interfacesOf(sandbox), ["eth0", "eth1", "eth2"]);
  assert.deepEqual(addressesOf(sandbox, "eth2"), ["172.30.3.2/24"]);
  await Promise.all(endpoints.map((endpoint) => endpoint.leave(sandbox)));
  assert.deepEqual(interfacesOf(sandbox), []);
});

test("who comes too late is told so", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await ipv4Only(host, "n", 1);
  const endpoint = await network.createEndpoint("e");
  const [one, other] = [await controller.newSandbox("one"), await controller.newSandbox("other")];
  assert.deepEqual(await outcomes(endpoint.join(one), endpoint.join(other)), ["ok", "endpoint_joined"]);
  assert.deepEqual(await outcomes(endpoint.leave(one), endpoint.leave(one)), ["ok", "endpoint_not_joined"]);
  assert.deepEqual(await outcomes(one.delete(), endpoint.join(one)), ["ok", "sandbox_deleted"]);
  assert.deepEqual(await outcomes(endpoint.delete(), endpoint.join(other)), ["ok", "endpoint_deleted"]);
  assert.deepEqual(await outcomes(network.createEndpoint("late"), network.delete()), [
    "ok",
    "network_has_endpoints",
  ]);
  await network.endpointByName("late")?.delete();
  assert.deepEqual(await outcomes(network.delete(), network.createEndpoint("later")), [
    "ok",
    "network_deleted",
  ]);
  assert.deepEqual(await outcomes(other.delete(), controller.newSandbox("sharer", { shareWith: "other" })), [
    "ok",
    "container_not_found",
  ]);
});

test("an endpoint that is joined while its deletion waits goes all the same", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const endpoint = await network.createEndpoint("e", { publish: [{ containerPort: 80, hostPort: 8080 }] });
  const sandbox = await host.controller.newSandbox("c");
  const actions = [
    endpoint.join(sandbox),
    endpoint.delete({ force: true }),
    endpoint.publish([{ containerPort: 81 }]),
    sandbox.delete({ endpoints: "delete" }),
  ];
  // In the order in which they were asked for.
  assert.deepEqual(await outcomes(...actions), ["ok", "ok", "endpoint_deleted", "ok"]);
  assert.deepEqual(network.endpoints(), []);
  await host.restart();
  assert.deepEqual(host.controller.networkByName("n")?.endpoints(), []);
});

test("closing waits for what has begun, and refuses what has not", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await ipv4Only(host, "n", 1);
  const sandbox = await controller.newSandbox("c");
  const actions = [
    controller.attach(network, { containerId: "a" }),
    controller.attach(network, { containerId: "b" }),
    host.stop(),
    controller.newSandbox("late"),
    sandbox.delete(),
  ];
  assert.deepEqual(await outcomes(...actions), [
    "ok",
    "controller_closed",
    "ok",
    "controller_closed",
    "controller_closed",
  ]);
  await host.start();
  assert.deepEqual(
    host.controller
      .sandboxes()
      .map(({ containerId }) => containerId)
      .sort(),
    ["a", "c"],
  );
});
