// Host ports of services: they answer on every host of the cluster, with or without a member there.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { type NetNamespace, NftContext } from "@causeway/kernel";
import type { Attachment, Service } from "@causeway/libnetwork";
import { ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { assertEven, counted, greeting, openClient, serveAll, whoAnswers } from "../support/speakers.ts";
import { ask, serve } from "../support/traffic.ts";

const gatewayNetwork = { subnet: "172.31.0.0/24", subnetIpv6: "fd00:31::/64" };
const outside = { ipv4: "192.0.2.100", ipv6: "2001:db8::100" } as const;
const hostAt = (family: "ipv4" | "ipv6", number: number) =>
  family === "ipv4" ? `192.0.2.${number}` : `2001:db8::${number}`;

interface Member extends Attachment {
  readonly name: string;
}

async function attachMember(cluster: ClusterHosts, number: number, name: string): Promise<Member> {
  const network = await cluster.host(number).network("web");
  await eventually(() => assert.ok(network.serviceByName("www") !== undefined));
  const endpoint = { service: { name: "www" } };
  const { controller } = cluster.host(number);
  return { name, ...(await controller.attach(network, { containerId: name, endpoint })) };
}

async function publish(cluster: ClusterHosts): Promise<Service> {
  const network = await cluster.host(1).controller.newNetwork("overlay", "web", { ipv6: true });
  return network.createService("www", { ports: [{ port: 80, targetPort: 8080, hostPort: 8000 }] });
}

/** Of those that lead ports of services on. */
function ingressTables(namespace: NetNamespace): readonly string[] {
  using nft = new NftContext(namespace);
  return nft
    .run("list tables")
    .split("\n")
    .filter((line) => line.includes("ingress"));
}

/** By a process of its own: what this one does is ours. Answers how many there were. */
async function takeTables(namespace: NetNamespace): Promise<number> {
  const tables = ingressTables(namespace);
  for (const table of tables) {
    const nft = namespace.spawn("nft", ["delete", ...table.split(" ")], { stdio: "inherit" });
    assert.deepEqual(await once(nft, "close"), [0, null]);
  }
  return tables.length;
}

describe("a published port of a service", () => {
  checkLeaks();

  it("answers on every host; where a member is at hand, that is asked, and sees who asks", async () => {
    await using cluster = await ClusterHosts.create(3, { gatewayNetwork });
    using client = cluster.outsider(100);
    const service = await publish(cluster);
    const members = [await attachMember(cluster, 1, "m1"), await attachMember(cluster, 2, "m2")];
    const other = await attachMember(cluster, 2, "m3");
    for (const family of ["ipv4", "ipv6"] as const) {
      await using _servers = await serveAll([...members, other], 8080, family);
      const who = (number: number) => whoAnswers(client, hostAt(family, number), 8000);
      // A host without a member leads to all of them.
      await eventually(async () => assert.notEqual(await who(3), "nobody"));
      await eventually(async () => assertEven(await counted(60, () => who(3)), ["m1", "m2", "m3"]));
      const seen = await greeting(client, hostAt(family, 3), 8000);
      assert.doesNotMatch(seen ?? "", new RegExp(outside[family]));
      // Where there are some, they are asked.
      await eventually(async () => assert.deepEqual([...(await counted(10, () => who(1)))], [["m1", 10]]));
      await eventually(async () => assertEven(await counted(40, () => who(2)), ["m2", "m3"]));
      for (const number of [1, 2]) {
        const told = await greeting(client, hostAt(family, number), 8000);
        assert.match(told ?? "", new RegExp(`sees ${outside[family]}$`));
      }
      // What is not published is not there.
      for (const port of [80, 8080, 8001])
        assert.equal(await whoAnswers(client, hostAt(family, 1), port), "nobody", String(port));
    }
    await using _servers = await serveAll([...members, other], 8080);
    const who = (number: number) => whoAnswers(client, hostAt("ipv4", number), 8000);
    const held = openClient(client, hostAt("ipv4", 3), 8000);
    using _held = held;
    const [holder = ""] = (await held.hear())?.split(" ") ?? [];
    // The host's only member is no more: it leads to the others.
    await members[0]?.endpoint.setHealthy(false);
    await eventually(async () => assert.match(await who(1), /^m[23]$/));
    assert.equal(await held.say("on"), `on at ${holder}`);
    await members[0]?.endpoint.setHealthy(true);
    await eventually(async () => assert.deepEqual([...(await counted(5, () => who(1)))], [["m1", 5]]));
    for (const member of [members[1], other]) await member?.sandbox.delete({ endpoints: "delete" });
    await eventually(async () => assert.deepEqual([...(await counted(5, () => who(2)))], [["m1", 5]]));
    // Somebody takes away what leads to members: of the host that is healed, of the sandbox that holds the port repaired.
    const [healed, repaired] = [cluster.host(1), cluster.host(3)];
    assert.equal(await takeTables(healed.namespace), 1);
    await eventually(() => assert.equal(ingressTables(healed.namespace).length, 1));
    assert.equal(await who(1), "m1");
    const [holding] = repaired.controller.sandboxes();
    assert.ok(holding !== undefined);
    using held3 = namespaceOf(holding);
    assert.equal(await takeTables(held3), 1);
    assert.equal(await who(3), "nobody");
    const { items } = await repaired.controller.inspectHealth();
    assert.ok(
      items.some(({ code, subject }) => code === "service_ports_altered" && subject.kind === "sandbox"),
    );
    await repaired.controller.repair();
    assert.equal(await who(3), "m1");
    // A host that was opened again goes on.
    await cluster.host(2).stop();
    assert.equal(await who(2), "m1");
    await cluster.host(2).start();
    assert.equal(await who(2), "m1");
    await members[0]?.sandbox.delete({ endpoints: "delete" });
    await eventually(async () => assert.equal(await who(2), "nobody"));
    await service.delete();
    for (const number of [1, 2, 3]) {
      const { controller, namespace } = cluster.host(number);
      await eventually(() => assert.deepEqual(controller.sandboxes(), []));
      assert.deepEqual(ingressTables(namespace), []);
    }
    await cluster.clear();
  });

  it("takes datagrams where it is one of UDP, and those alone", async () => {
    await using cluster = await ClusterHosts.create(2, { gatewayNetwork });
    using client = cluster.outsider(100);
    const network = await cluster.host(1).controller.newNetwork("overlay", "web", { ipv6: true });
    const service = await network.createService("www", {
      ports: [{ protocol: "udp", port: 53, targetPort: 5300, hostPort: 8053 }],
    });
    const member = await attachMember(cluster, 1, "m1");
    using sandbox = namespaceOf(member.sandbox);
    for (const family of ["ipv4", "ipv6"] as const) {
      const address = family === "ipv4" ? "0.0.0.0" : "::";
      await using _udp = await serve(sandbox, { protocol: "udp", address, port: 5300 });
      await using _tcp = await serve(sandbox, { address, port: 5300 });
      const asks = (number: number, protocol: "tcp" | "udp") =>
        ask(client, { protocol, address: hostAt(family, number), port: 8053 });
      await eventually(async () => assert.equal(await asks(1, "udp"), outside[family]));
      // Of a host without a member the question comes in that host's name.
      await eventually(async () => assert.notEqual(await asks(2, "udp"), undefined));
      assert.notEqual(await asks(2, "udp"), outside[family]);
      for (const number of [1, 2]) assert.equal(await asks(number, "tcp"), undefined);
    }
    await member.sandbox.delete({ endpoints: "delete" });
    await service.delete();
    await cluster.clear();
  });

  it("is one service's, of a network that hosts share, and is had again where somebody else had it on a host", async () => {
    await using cluster = await ClusterHosts.create(2, { gatewayNetwork });
    using client = cluster.outsider(100);
    const taken = await serve(cluster.host(2).namespace, { port: 8000 });
    const service = await publish(cluster);
    const ports = [{ port: 80, hostPort: 8000 }];
    const local = await cluster.host(1).controller.newNetwork("bridge", "local");
    await assert.rejects(local.createService("x", { ports }), { code: "publish_not_shared" });
    await local.delete();
    const inner = await cluster.host(1).controller.newNetwork("overlay", "inner", { internal: true });
    await assert.rejects(inner.createService("x", { ports }), { code: "publish_internal" });
    await assert.rejects(service.network.createService("x", { ports }), { code: "port_in_use" });
    const member = await attachMember(cluster, 1, "m1");
    await using _servers = await serveAll([member], 8080);
    const who = (number: number) => whoAnswers(client, hostAt("ipv4", number), 8000);
    await eventually(async () => assert.equal(await who(1), "m1"));
    assert.notEqual(await who(2), "m1");
    await taken[Symbol.asyncDispose]();
    await eventually(async () => assert.equal(await who(2), "m1"));
    await cluster.clear();
  });
});
