import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { hasCode } from "../errors.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { makeNetwork, passRetention, recordsOf, TestHost } from "./test-support.ts";

const networkId = "1".repeat(64);
const key = `${networkId}/www`;

async function twoHosts() {
  const memory = new SharedMemory();
  const [a, b] = await Promise.all(["a", "b"].map((id) => new TestHost(id, memory).registered()));
  assert.ok(a && b);
  const { poolId } = await makeNetwork(a, { id: networkId, name: "web" });
  for (const { cluster } of [a, b])
    cluster.services.follow({ put: () => undefined, deleted: () => undefined, settled: () => undefined });
  return { memory, a, b, poolId };
}

/** A service called www, with an address. */
async function makeService({ cluster }: TestHost, poolId: string, record: string): Promise<string> {
  const owner = { networkId, service: "www" };
  const { address } = await cluster.addresses.request({ poolId, owner });
  const [taken = ""] = address.split("/");
  try {
    await cluster.services.create({ networkId, name: "www", record });
  } catch (error) {
    await cluster.addresses.release(taken, owner);
    throw error;
  }
  return taken;
}

test("a service is made once under a name, with an address that is nobody else's", async () => {
  const { memory, a, b, poolId } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const made = await Promise.allSettled([makeService(a, poolId, "a's"), makeService(b, poolId, "b's")]);
  const codes = made.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : ""));
  assert.deepEqual(codes.sort(), ["", "service_name_in_use"]);
  const address = made.map((one) => (one.status === "fulfilled" ? one.value : "")).find(Boolean);
  const addresses = await recordsOf(memory, `address.${networkId}`);
  assert.deepEqual(addresses.get(address ?? ""), { service: "www" });
  assert.equal([...addresses.values()].filter((value) => JSON.stringify(value).includes("www")).length, 1);
  for (const { id } of [a, b]) assert.equal((await recordsOf(memory, `held.${id}`)).size, 0);
  await assert.rejects(b.cluster.networks.delete(networkId), { code: "network_has_services" });
  await b.cluster.services.delete(networkId, "www");
  assert.equal((await recordsOf(memory, `address.${networkId}`)).has(address ?? ""), false);
  await a.cluster.networks.delete(networkId);
  for (const kind of ["service", "service-going", "network", `address.${networkId}`])
    assert.equal((await recordsOf(memory, kind)).size, 0, kind);
});

test("a host port is one service's, whoever asks at a time, and free again with it", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const ports = [8000, 8001].map((port) => ({ protocol: "tcp", port }) as const);
  const make = async ({ cluster: { services } }: TestHost, name: string) => {
    await services.takePorts(networkId, name, ports);
    await services.create({ networkId, name, record: name });
  };
  const made = await Promise.allSettled([make(a, "www"), make(b, "db")]);
  const codes = made.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : ""));
  assert.ok(codes.includes("port_in_use"), codes.join());
  // Both may have lost where each had one of the two.
  const held = await recordsOf(memory, "host-port");
  const winner = codes[0] === "" ? "www" : codes[1] === "" ? "db" : undefined;
  const expected =
    winner === undefined ? [] : ports.map(({ port }) => [`${port}/tcp`, `${networkId}/${winner}`]);
  assert.deepEqual([...held], expected);
  if (winner === undefined) await make(a, "www");
  // The same port of another protocol is another port.
  await b.cluster.services.takePorts(networkId, "dns", [{ protocol: "udp", port: 8000 }]);
  await b.cluster.services.givePortsBack(networkId, "dns", [{ protocol: "udp", port: 8000 }]);
  await assert.rejects(make(b, "other"), { code: "port_in_use", message: /has host port 8000\/tcp/ });
  await b.cluster.services.delete(networkId, winner ?? "www");
  assert.equal((await recordsOf(memory, "host-port")).size, 0);
  for (const { id } of [a, b]) assert.equal((await recordsOf(memory, `held.${id}`)).size, 0);
  await make(b, "other");
});

test("a service goes where nobody has an endpoint of it, and nobody gets one meanwhile", async () => {
  const { memory, a, b, poolId } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const take = (endpointId: string, service = "www") =>
    b.cluster.addresses.request({ poolId, owner: { networkId, endpointId, service } });
  await assert.rejects(take("e0"), { code: "service_not_found" });
  for (let round = 0; round < 20; round++) {
    await makeService(a, poolId, "a's");
    const [deleted, taken] = await Promise.allSettled([
      a.cluster.services.delete(networkId, "www"),
      take(`e${round}`),
    ]);
    // Either there is a member and the service stays, or there is none.
    const isThere = (await recordsOf(memory, "service")).has(key);
    assert.equal(isThere, taken.status === "fulfilled", `round ${round}`);
    assert.equal(isThere, deleted.status === "rejected", `round ${round}`);
    if (taken.status === "rejected")
      assert.ok(["service_going", "service_not_found"].some((code) => hasCode(taken.reason, code)));
    if (deleted.status === "rejected") assert.ok(hasCode(deleted.reason, "service_has_endpoints"));
    if (taken.status === "fulfilled") {
      const [address = ""] = taken.value.address.split("/");
      await b.cluster.addresses.release(address, { networkId, endpointId: `e${round}` });
      await a.cluster.services.delete(networkId, "www");
    }
    assert.equal((await recordsOf(memory, "service-going")).size, 0);
  }
  // One without an address counts, too.
  await makeService(a, poolId, "a's");
  await b.cluster.addresses.hold(networkId, "bare", "www");
  await assert.rejects(a.cluster.services.delete(networkId, "www"), {
    code: "service_has_endpoints",
    // As people call it.
    message: /on host b: delete/,
    detail: { hosts: ["b"] },
  });
});

test("what a host took that died while it made or deleted a service is given back, and the service is whole or not there", async () => {
  const { memory, a, b, poolId } = await twoHosts();
  await using _b = b;
  const before = (await recordsOf(memory, `address.${networkId}`)).size;
  // After the address, before the service.
  a.store.commitsLeft = 1;
  void makeService(a, poolId, "a's").catch(() => undefined);
  await eventually(() => assert.ok(a.store.isDead));
  assert.equal((await recordsOf(memory, "service")).size, 0);
  await a.kill();
  await passRetention(memory, [a]);
  await eventually(async () => assert.equal((await recordsOf(memory, `address.${networkId}`)).size, before));
  const c = await new TestHost("c", memory).registered();
  const address = await makeService(b, poolId, "b's");
  // After it is said to go, before it goes.
  c.store.commitsLeft = 1;
  void c.cluster.services.delete(networkId, "www").catch(() => undefined);
  await eventually(() => assert.ok(c.store.isDead));
  await assert.rejects(b.cluster.services.delete(networkId, "www"), { code: "service_going" });
  await c.kill();
  await passRetention(memory, [c]);
  await eventually(async () => assert.equal((await recordsOf(memory, "service-going")).size, 0));
  assert.ok((await recordsOf(memory, `address.${networkId}`)).has(address));
  await b.cluster.services.delete(networkId, "www");
  assert.equal((await recordsOf(memory, `address.${networkId}`)).size, before);
});

test("an endpoint without an address stays a member of its service when its host takes again what it had", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  await a.cluster.services.create({ networkId, name: "www", record: "a's" });
  const bare = { networkId, endpointId: "bare", service: "www" };
  await b.cluster.addresses.hold(networkId, "bare", "www");
  // After a restart it holds it still.
  await b.cluster.addresses.holdAgain(bare);
  // After it was away for long, no longer.
  await b.cluster.addresses.letGo(networkId, "bare");
  await b.cluster.addresses.holdAgain(bare);
  const there = async () => (await recordsOf(memory, `address.${networkId}`)).get("endpoint bare");
  assert.deepEqual(await there(), { host: "b", endpoint: "bare", service: "www" });
  await assert.rejects(a.cluster.services.delete(networkId, "www"), { code: "service_has_endpoints" });
  // What is of a network that is gone is held by nobody.
  await b.cluster.addresses.letGo(networkId, "bare");
  await a.cluster.services.delete(networkId, "www");
  await a.cluster.networks.delete(networkId);
  await b.cluster.addresses.holdAgain(bare);
  assert.equal(await there(), undefined);
});
