// Several endpoints behind one name and a virtual address: who is reached, and who is not.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { NftContext } from "@causeway/kernel";
import type { Endpoint, Network, Sandbox, ServiceOptions } from "@causeway/libnetwork";
import { eventually, patience } from "../support/eventually.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { dualStack } from "../support/scenes.ts";
import {
  addressOf,
  assertEven,
  type Client,
  counted,
  everywhere,
  type Family,
  greeting,
  openClient,
  serveAll,
  whoAnswers,
} from "../support/speakers.ts";
import { ask, canConnect, canPing, openUdp } from "../support/traffic.ts";

/** What a member's server does besides: it says who it is. */
interface Member {
  readonly name: string;
  readonly sandbox: Sandbox;
  readonly endpoint: Endpoint;
}

interface Scene {
  readonly host: TestHost;
  readonly network: Network;
  readonly members: readonly Member[];
  readonly client: Sandbox;
}

/** A network with a service, a client, and so many members. */
async function newScene(t: TestContext, count: number, options: ServiceOptions = {}): Promise<Scene> {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  await network.createService("web", options);
  const { sandbox: client } = await host.controller.attach(network, { containerId: "client" });
  const members: Member[] = [];
  for (let number = 1; number <= count; number++) members.push(await attachMember(host, network, number));
  return { host, network, members, client };
}

async function attachMember(host: TestHost, network: Network, number: number): Promise<Member> {
  const name = `m${number}`;
  const endpoint = { service: { name: "web" } };
  const made = await host.controller.attach(network, { containerId: name, endpoint });
  return { name, ...made };
}

for (const family of ["ipv4", "ipv6"] as const) {
  test(`${family}: a service's address leads to all its members alike, and they see who asks`, async (t) => {
    const { network, members, client } = await newScene(t, 4);
    await using _servers = await serveAll(members, 80, family);
    const service = network.serviceByName("web");
    assert.ok(service !== undefined);
    const address = addressOf(service, family);
    const names = members.map(({ name }) => name);
    assertEven(await counted(200, () => whoAnswers(client, address, 80)), names);
    const [endpoint] = client.endpoints();
    assert.ok(endpoint !== undefined);
    const seen = await greeting(client, address, 80);
    assert.match(seen ?? "", new RegExp(`sees ${addressOf(endpoint, family)}$`));
  });

  test(`${family}: datagrams are led to members, and answered from the service's address`, async (t) => {
    const { network, members, client } = await newScene(t, 3);
    const heard: string[] = [];
    using servers = new DisposableStack();
    for (const { name, sandbox } of members) {
      using namespace = namespaceOf(sandbox);
      const server = openUdp(namespace, everywhere[family], 5353);
      server.on("message", (text, from) => {
        heard.push(name);
        server.send(`${text} ${from.address}`, from.port, from.address);
      });
      servers.defer(() => server.close());
    }
    const service = network.serviceByName("web");
    const [endpoint] = client.endpoints();
    assert.ok(service !== undefined && endpoint !== undefined);
    const address = addressOf(service, family);
    using namespace = namespaceOf(client);
    for (let time = 0; time < 60; time++) {
      const answer = await ask(namespace, { protocol: "udp", address, port: 5353, text: "x", timeout: 2000 });
      assert.equal(answer, `x ${addressOf(endpoint, family)}`);
    }
    assertEven(
      await counted(heard.length, async () => heard.pop() ?? ""),
      members.map(({ name }) => name),
    );
  });
}

test("ports lead where they are to, others and those of nobody are refused at once", async (t) => {
  const ports = [{ port: 80, targetPort: 8080 }];
  const { network, members, client, host } = await newScene(t, 2, { ports });
  await using _servers = await serveAll(members, 8080);
  const service = network.serviceByName("web");
  const empty = await network.createService("empty");
  assert.ok(service !== undefined);
  assert.match(await whoAnswers(client, addressOf(service, "ipv4"), 80), /^m[12]$/);
  using namespace = namespaceOf(client);
  for (const [address, port] of [
    [addressOf(service, "ipv4"), 8080],
    [addressOf(empty, "ipv4"), 80],
    [addressOf(empty, "ipv6"), 80],
  ] as const) {
    // Silence would be waited for ten times as long.
    const before = performance.now();
    assert.equal(await ask(namespace, { address, port, timeout: 10 * patience }), undefined);
    assert.ok(performance.now() - before < patience, `${address}:${port} says nothing`);
  }
  assert.equal((await host.controller.inspectHealth()).ok, true);
});

test("a member that is unhealthy, hidden or leaves gets nothing new; what it has goes on until it is cut off", async (t) => {
  const { host, network, members, client } = await newScene(t, 3, { drainMs: 300 });
  await using _servers = await serveAll(members, 80);
  const service = network.serviceByName("web");
  assert.ok(service !== undefined);
  const address = addressOf(service, "ipv4");
  const clients = new Map<string, Client>();
  using opened = new DisposableStack();
  while (clients.size < 3) {
    const made = opened.use(openClient(client, address, 80));
    const [name = "nobody"] = (await made.hear())?.split(" ") ?? [];
    clients.set(name, made);
  }
  const states = () =>
    Object.fromEntries(service.members().map(({ endpoint, state }) => [endpoint.name, state]));
  const [one, two, three] = members;
  assert.ok(one !== undefined && two !== undefined && three !== undefined);

  await one.endpoint.setHealthy(false);
  assert.deepEqual(states(), { m1: "unhealthy", m2: "serving", m3: "serving" });
  assertEven(await counted(60, () => whoAnswers(client, address, 80)), ["m2", "m3"]);
  assert.equal(await clients.get("m1")?.say("on"), "on at m1");

  await two.sandbox.disableService();
  assert.deepEqual(states(), { m1: "unhealthy", m2: "hidden", m3: "serving" });
  assert.deepEqual([...(await counted(20, () => whoAnswers(client, address, 80)))], [["m3", 20]]);
  assert.equal(await clients.get("m2")?.say("on"), "on at m2");

  await one.endpoint.setHealthy(true);
  const left = three.endpoint.leave(three.sandbox);
  await eventually(() => assert.equal(states().m3, "away"));
  assert.equal(await clients.get("m3")?.say("draining"), "draining at m3");
  assert.deepEqual([...(await counted(5, () => whoAnswers(client, address, 80)))], [["m1", 5]]);
  await left;
  // What it had is led to others, who know nothing of it: it ends, and does not hang.
  assert.equal(await clients.get("m3")?.say("after"), undefined);
  assert.equal(await clients.get("m1")?.say("still"), "still at m1");
  assert.equal(await clients.get("m2")?.say("still"), "still at m2");
  assert.equal((await host.controller.inspectHealth()).ok, true);
});

test("an endpoint that begins unhealthy counts when its owner says so, and over a restart", async (t) => {
  const { host, network, members, client } = await newScene(t, 1);
  const late = await host.controller.attach(network, {
    containerId: "late",
    endpoint: { service: { name: "web", healthy: false } },
  });
  await using _servers = await serveAll([...members, { name: "late", ...late }], 80);
  const service = network.serviceByName("web");
  assert.ok(service !== undefined);
  const address = addressOf(service, "ipv4");
  assert.deepEqual([...(await counted(20, () => whoAnswers(client, address, 80)))], [["m1", 20]]);
  await late.endpoint.setHealthy(true);
  await members[0]?.endpoint.setHealthy(false);
  assert.deepEqual([...(await counted(20, () => whoAnswers(client, address, 80)))], [["late", 20]]);
  const controller = await host.restart();
  assert.deepEqual(controller.problems, []);
  const asker = controller.sandboxByContainerId("client");
  assert.ok(asker !== undefined);
  assert.deepEqual([...(await counted(20, () => whoAnswers(asker, address, 80)))], [["late", 20]]);
  const again = controller.networkByName("n")?.serviceByName("web");
  assert.deepEqual(
    again?.members().map(({ endpoint, state }) => `${endpoint.name} ${state}`),
    ["m1 unhealthy", "late serving"],
  );
  assert.equal(JSON.stringify(again?.record), JSON.stringify(service.record));
});

test("a member that asks its own service is answered, by itself too", async (t) => {
  const { network, members } = await newScene(t, 2);
  await using _servers = await serveAll(members, 80);
  const service = network.serviceByName("web");
  const [one] = members;
  assert.ok(service !== undefined && one !== undefined);
  const address = addressOf(service, "ipv4");
  assertEven(await counted(100, () => whoAnswers(one.sandbox, address, 80)), ["m1", "m2"]);
});

test("names: a service's has its address, tasks.NAME the members', and of dnsrr both", async (t) => {
  const { network, members, client, host } = await newScene(t, 2);
  await network.createService("rr", { mode: "dnsrr" });
  const { endpoint: peer } = await host.controller.attach(network, {
    containerId: "peer",
    endpoint: { service: { name: "rr" } },
  });
  const service = network.serviceByName("web");
  assert.ok(service !== undefined);
  const found = async (name: string, type: "A" | "AAAA" = "A") =>
    (await client.resolve(name, { type })).answers.map(({ value }) => value).sort();
  const addresses = (family: Family) => members.map(({ endpoint }) => addressOf(endpoint, family)).sort();
  assert.deepEqual(await found("web"), [addressOf(service, "ipv4")]);
  assert.deepEqual(await found("web", "AAAA"), [addressOf(service, "ipv6")]);
  assert.deepEqual(await found("tasks.web"), addresses("ipv4"));
  assert.deepEqual(await found("tasks.web", "AAAA"), addresses("ipv6"));
  assert.deepEqual(await found("rr"), [addressOf(peer, "ipv4")]);
  assert.deepEqual(await found("tasks.rr"), [addressOf(peer, "ipv4")]);
  await members[0]?.endpoint.setHealthy(false);
  assert.deepEqual(await found("tasks.web"), addresses("ipv4").slice(1));
});

test("another network reaches neither the address nor the members, and has no rules", async (t) => {
  const { host, network, members } = await newScene(t, 1);
  await using _servers = await serveAll(members, 80);
  const service = network.serviceByName("web");
  const other = await dualStack(host, "other", 2);
  const { sandbox } = await host.controller.attach(other, { containerId: "stranger" });
  const [member] = members;
  assert.ok(service !== undefined && member !== undefined);
  using namespace = namespaceOf(sandbox);
  for (const target of [service, member.endpoint]) {
    for (const family of ["ipv4", "ipv6"] as const)
      assert.equal(await canConnect(namespace, addressOf(target, family), 80), false);
  }
  using nft = new NftContext(namespace);
  assert.doesNotMatch(nft.run("list tables"), /causeway_services/);
});

test("somebody's own rules in the sandbox stay; who flushes ours is told by the doctor, and a repair makes them again", async (t) => {
  const { host, network, members, client } = await newScene(t, 2);
  await using _servers = await serveAll(members, 80);
  const service = network.serviceByName("web");
  assert.ok(service !== undefined);
  const address = addressOf(service, "ipv4");
  using namespace = namespaceOf(client);
  using nft = new NftContext(namespace);
  const theirs =
    "table inet theirs { chain in { type filter hook input priority 0; ct state established accept; iifname lo accept; drop; } ; }";
  nft.run(theirs);
  const before = nft.run("list table inet theirs");
  assert.match(await whoAnswers(client, address, 80), /^m[12]$/);
  nft.run("delete table inet causeway_services");
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(
    items.map(({ code, subject }) => [code, subject.kind]),
    [["services_missing", "sandbox"]],
  );
  assert.deepEqual((await host.controller.repair()).left, []);
  assert.match(await whoAnswers(client, address, 80), /^m[12]$/);
  // And a change finds them gone, too.
  nft.run("delete table inet causeway_services");
  await members[0]?.endpoint.setHealthy(false);
  assert.deepEqual([...(await counted(10, () => whoAnswers(client, address, 80)))], [["m2", 10]]);
  assert.equal(nft.run("list table inet theirs"), before);
});

test("an echo to the address is answered by a member; a sandbox that leaves has no rules any more", async (t) => {
  const { network, client } = await newScene(t, 1);
  const service = network.serviceByName("web");
  const [endpoint] = client.endpoints();
  assert.ok(service !== undefined && endpoint !== undefined);
  using namespace = namespaceOf(client);
  assert.ok(await canPing(namespace, addressOf(service, "ipv4")));
  await endpoint.leave(client);
  using nft = new NftContext(namespace);
  assert.doesNotMatch(nft.run("list tables"), /causeway_services/);
});

test("what cannot be is refused, and leaves nothing", async (t) => {
  const { host, network, members } = await newScene(t, 1);
  const used = inspect(network.ipamStatus());
  const refused = async (code: string, action: () => Promise<unknown>) => {
    await assert.rejects(action, { code });
    assert.equal(inspect(network.ipamStatus()), used, code);
  };
  const service = network.serviceByName("web");
  assert.ok(service !== undefined);
  await refused("service_name_in_use", () => network.createService("web"));
  await refused("invalid_hostname", () => network.createService("no name"));
  await refused("unknown_option", () => network.createService("x", { port: 80 } as ServiceOptions));
  await refused("invalid_port", () => network.createService("x", { ports: [{}] }));
  await refused("invalid_port", () =>
    network.createService("x", { ports: [{ port: 80 }, { port: 80, targetPort: 81 }] }),
  );
  await refused("contradictory_options", () =>
    network.createService("x", { mode: "dnsrr", ports: [{ port: 80 }] }),
  );
  await refused("address_out_of_range", () => network.createService("x", { ipv4: "192.0.2.1" }));
  await refused("address_in_use", () => network.createService("x", { ipv4: addressOf(service, "ipv4") }));
  await refused("service_not_found", () => network.createEndpoint("x", { service: { name: "wep" } }));
  await refused("invalid_option", () => network.createEndpoint("x", { service: {} as { name: string } }));
  await refused("service_has_endpoints", () => service.delete());
  const plain = await host.controller.attach(network, { containerId: "plain" });
  await assert.rejects(plain.endpoint.setHealthy(false), { code: "endpoint_without_service" });
  await plain.sandbox.delete({ endpoints: "delete" });
  const [member] = members;
  assert.ok(member !== undefined);
  await member.sandbox.delete({ endpoints: "delete" });
  await host.controller.sandboxDestroy("client");
  await assert.rejects(network.delete(), { code: "network_has_services" });
  await service.delete();
  await assert.rejects(service.delete(), { code: "service_deleted" });
  await network.delete();
});
