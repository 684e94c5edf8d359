// Services of a network that hosts share: members on every host are reached from every host, and what becomes of them reaches every client.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NftContext } from "@causeway/kernel";
import type { Attachment, Service, ServiceOptions } from "@causeway/libnetwork";
import { type ClusterHost, ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
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
import { ask, canConnect, openUdp } from "../support/traffic.ts";

const families = ["ipv4", "ipv6"] as const;

interface Member extends Attachment {
  readonly name: string;
}

interface Scene extends AsyncDisposable {
  readonly cluster: ClusterHosts;
  readonly service: Service;
  /** One on each host. */
  readonly clients: readonly Attachment[];
  /** `m1` on the first host, and so on. */
  readonly members: readonly Member[];
}

async function attachMember(host: ClusterHost, name: string): Promise<Member> {
  const network = await host.network("web");
  await eventually(() => assert.ok(network.serviceByName("www") !== undefined));
  const endpoint = { service: { name: "www" } };
  return { name, ...(await host.controller.attach(network, { containerId: name, endpoint })) };
}

/** A service of a network of both families, made on the first host; on every host a client, and a member. */
async function newScene(count: number, options: ServiceOptions = {}): Promise<Scene> {
  const cluster = await ClusterHosts.create(count);
  const network = await cluster.host(1).controller.newNetwork("overlay", "web", { ipv6: true });
  const service = await network.createService("www", options);
  const hosts = Array.from({ length: count }, (_, at) => cluster.host(at + 1));
  const clients: Attachment[] = [];
  const members: Member[] = [];
  for (const host of hosts) {
    members.push(await attachMember(host, `m${host.number}`));
    clients.push(await host.attach("web", `c${host.number}`));
  }
  await allKnow(hosts, ...members.map(({ endpoint }) => endpoint.id));
  return { cluster, service, clients, members, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
}

async function serviceOn(host: ClusterHost): Promise<Service> {
  const network = await host.network("web");
  return eventually(() => network.serviceByName("www") ?? assert.fail());
}

/** Ids of those that a host leads connections to. */
async function serving(host: ClusterHost): Promise<readonly string[]> {
  const service = await serviceOn(host);
  const own = service.members().map(({ endpoint, state }) => ({ endpointId: endpoint.id, state }));
  const all = [...own, ...service.remoteMembers()];
  return all.filter(({ state }) => state === "serving").map(({ endpointId }) => endpointId);
}

async function allKnow(hosts: readonly ClusterHost[], ...ids: readonly string[]): Promise<void> {
  for (const host of hosts)
    await eventually(async () => assert.deepEqual([...(await serving(host))].sort(), ids.toSorted()));
}

describe("a service of a network of global scope", () => {
  checkLeaks();

  it("has one address for all hosts, that leads to members on all of them, and they see who asks", async () => {
    await using scene = await newScene(2);
    const { cluster, service, clients, members } = scene;
    const there = await serviceOn(cluster.host(2));
    assert.equal(there.id, service.id);
    assert.deepEqual(
      there.remoteMembers().map(({ name }) => name),
      ["m1"],
    );
    for (const family of families) {
      assert.equal(addressOf(there, family), addressOf(service, family));
      await using _servers = await serveAll(members, 80, family);
      for (const client of clients) {
        const address = addressOf(service, family);
        assertEven(await counted(60, () => whoAnswers(client.sandbox, address, 80)), ["m1", "m2"]);
        const seen = await greeting(client.sandbox, address, 80);
        const { ipv4, ipv6 } = client.endpoint.info();
        assert.match(seen ?? "", new RegExp(`sees ${addressOf({ ipv4, ipv6 }, family)}$`));
      }
      using heard = new DisposableStack();
      for (const { name, sandbox } of members) {
        using namespace = namespaceOf(sandbox);
        const server = openUdp(namespace, everywhere[family], 5353);
        server.on("message", (_, from) => server.send(name, from.port, from.address));
        heard.defer(() => server.close());
      }
      for (const client of clients) {
        using namespace = namespaceOf(client.sandbox);
        const question = { protocol: "udp", address: addressOf(service, family), port: 5353 } as const;
        const who = async () => (await ask(namespace, { ...question, text: "x", timeout: 2000 })) ?? "nobody";
        assertEven(await counted(40, who), ["m1", "m2"]);
      }
    }
    // Who is in another network reaches neither the address nor the members.
    await cluster.host(2).controller.newNetwork("overlay", "other", { ipv6: true });
    const stranger = await cluster.host(1).attach("other", "stranger");
    using outside = namespaceOf(stranger.sandbox);
    for (const family of families) {
      await using _servers = await serveAll(members, 80, family);
      assert.equal(await canConnect(outside, addressOf(service, family), 80), false);
    }
    using nft = new NftContext(outside);
    assert.doesNotMatch(nft.run("list tables"), /causeway_services/);
    await cluster.clear();
  });

  it("is found by name on every host, and tasks.NAME has the members of all", async () => {
    await using scene = await newScene(2);
    const { cluster, service, clients, members } = scene;
    const network = await cluster.host(2).network("web");
    await network.createService("rr", { mode: "dnsrr" });
    const first = await cluster.host(1).network("web");
    await eventually(() => assert.ok(first.serviceByName("rr") !== undefined));
    const { controller } = cluster.host(1);
    const rr = await controller.attach(first, { containerId: "r", endpoint: { service: { name: "rr" } } });
    const one = (of: Attachment, family: Family) => {
      const { ipv4, ipv6 } = of.endpoint.info();
      return addressOf({ ipv4, ipv6 }, family);
    };
    for (const { sandbox } of clients) {
      for (const [family, type] of [
        ["ipv4", "A"],
        ["ipv6", "AAAA"],
      ] as const) {
        const found = async (name: string) =>
          (await sandbox.resolve(name, { type })).answers.map(({ value }) => value).sort();
        const all = members.map((member) => one(member, family)).sort();
        await eventually(async () => assert.deepEqual(await found("www"), [addressOf(service, family)]));
        await eventually(async () => assert.deepEqual(await found("tasks.www"), all));
        await eventually(async () => assert.deepEqual(await found("rr"), [one(rr, family)]));
      }
    }
    await members[0]?.endpoint.setHealthy(false);
    const [, last] = clients;
    const [, other] = members;
    assert.ok(last !== undefined && other !== undefined);
    const tasks = async () => (await last.sandbox.resolve("tasks.www")).answers.map(({ value }) => value);
    await eventually(async () => assert.deepEqual(await tasks(), [one(other, "ipv4")]));
    await cluster.clear();
  });

  it("leads nothing new to members elsewhere that are unhealthy, hidden, leaving or of a dead host; what they have goes on until they are gone", async () => {
    await using scene = await newScene(3, { drainMs: 1500 });
    const { cluster, service, clients, members } = scene;
    const hosts = [1, 2, 3].map((number) => cluster.host(number));
    const [client] = clients;
    const [one, two, three] = members;
    assert.ok(client && one && two && three);
    const address = addressOf(service, "ipv6");
    await using _servers = await serveAll(members, 80, "ipv6");
    const open = new Map<string, Client>();
    using opened = new DisposableStack();
    while (open.size < 3) {
      const made = opened.use(openClient(client.sandbox, address, 80));
      open.set((await made.hear())?.split(" ")[0] ?? "nobody", made);
    }
    const who = () => whoAnswers(client.sandbox, address, 80);
    const ids = (...of: readonly Member[]) => of.map(({ endpoint }) => endpoint.id);

    await two.endpoint.setHealthy(false);
    await allKnow(hosts, ...ids(one, three));
    assertEven(await counted(40, who), ["m1", "m3"]);
    assert.equal(await open.get("m2")?.say("on"), "on at m2");
    await three.sandbox.disableService();
    await allKnow(hosts, ...ids(one));
    assert.deepEqual([...(await counted(10, who))], [["m1", 10]]);
    assert.equal(await open.get("m3")?.say("on"), "on at m3");
    await three.sandbox.enableService();
    await two.endpoint.setHealthy(true);
    await allKnow(hosts, ...ids(one, two, three));

    const left = two.endpoint.leave(two.sandbox);
    await allKnow(hosts, ...ids(one, three));
    assertEven(await counted(20, who), ["m1", "m3"]);
    assert.equal(await open.get("m2")?.say("draining"), "draining at m2");
    await left;
    const isGone = async () =>
      (await serviceOn(cluster.host(1)))
        .remoteMembers()
        .every(({ endpointId }) => endpointId !== two.endpoint.id);
    await eventually(async () => assert.ok(await isGone()));
    // It is led to others, who know nothing of it: it ends, and does not hang.
    assert.equal(await open.get("m2")?.say("after"), undefined);
    assert.equal(await open.get("m3")?.say("still"), "still at m3");

    cluster.host(3).store.cutOff();
    cluster.host(3).expireLife();
    await allKnow([cluster.host(1), cluster.host(2)], ...ids(one));
    assert.deepEqual([...(await counted(10, who))], [["m1", 10]]);
    assert.equal(await open.get("m3")?.say("after"), undefined);
    cluster.host(3).store.back();
    await allKnow(hosts, ...ids(one, three));
    assertEven(await counted(30, who), ["m1", "m3"]);

    await one.endpoint.setHealthy(false);
    await three.endpoint.setHealthy(false);
    await allKnow(hosts);
    assert.equal(await who(), "nobody");
    await cluster.clear();
  });

  it("goes on over a restart with the store away, as it was, and catches up when that is back", async () => {
    await using scene = await newScene(2);
    const { cluster, service, members } = scene;
    const [one, two] = members;
    assert.ok(one && two);
    const address = addressOf(service, "ipv4");
    await using _servers = await serveAll(members, 80);
    const host = cluster.host(1);
    await host.stop();
    await host.start({ isReachable: false });
    const asker = host.controller.sandboxByContainerId("c1");
    assert.ok(asker !== undefined);
    const who = () => whoAnswers(asker, address, 80);
    assertEven(await counted(30, who), ["m1", "m2"]);
    assert.equal(
      (await host.controller.inspectHealth()).items.some(({ code }) => code === "services_missing"),
      false,
    );
    assert.equal((await host.network("web")).serviceByName("www")?.id, service.id);
    await two.endpoint.setHealthy(false);
    assertEven(await counted(30, who), ["m1", "m2"]);
    await assert.rejects((await host.network("web")).createService("more"), { code: "store_unavailable" });
    host.store.back();
    const states = async () => (await serviceOn(host)).remoteMembers().map(({ state }) => state);
    await eventually(async () => assert.deepEqual(await states(), ["unhealthy"]));
    assert.deepEqual([...(await counted(10, who))], [["m1", 10]]);
    await cluster.clear();
  });

  it("is made once under a name, and deleted where no host has an endpoint of it", async () => {
    await using scene = await newScene(2);
    const { cluster, service, members, clients } = scene;
    const [first, second] = [await cluster.host(1).network("web"), await cluster.host(2).network("web")];
    const refused = { code: "service_name_in_use" };
    await assert.rejects(second.createService("www"), refused);
    // Neither has heard of the other's.
    const both = await Promise.allSettled([first.createService("twin"), second.createService("twin")]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const isTold = () => assert.equal(first.serviceByName("twin")?.id, second.serviceByName("twin")?.id);
    await eventually(isTold);
    const addresses = cluster.ids(`address.${first.id}`);
    assert.equal(addresses.includes(addressOf(service, "ipv4")), true);
    await assert.rejects(second.createService("x", { ipv4: addressOf(service, "ipv4") }), {
      code: "address_in_use",
    });
    await assert.rejects(first.createEndpoint("x", { ipv4: addressOf(service, "ipv4") }), {
      code: "address_in_use",
    });
    await second.serviceByName("twin")?.delete();
    await eventually(() => assert.equal(first.serviceByName("twin"), undefined));
    const [one, two] = members;
    assert.ok(one && two);
    await one.sandbox.delete({ endpoints: "delete" });
    const [{ hostId } = { hostId: "" }] = (await serviceOn(cluster.host(1))).remoteMembers();
    await assert.rejects(service.delete(), { code: "service_has_endpoints", detail: { hosts: [hostId] } });
    await two.sandbox.delete({ endpoints: "delete" });
    for (const { sandbox } of clients) await sandbox.delete({ endpoints: "delete" });
    await assert.rejects(first.delete(), { code: "network_has_services" });
    await service.delete();
    await eventually(() => assert.equal(second.serviceByName("www"), undefined));
    assert.equal(cluster.ids(`address.${first.id}`).includes(addressOf(service, "ipv4")), false);
    await first.delete();
    for (const kind of ["service", "service-going"]) assert.deepEqual(cluster.ids(kind), []);
    await cluster.clear();
  });
});
