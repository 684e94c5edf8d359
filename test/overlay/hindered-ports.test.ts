// Host ports of services where somebody hinders the kernel from leading them on: what is refused in one place is said, tried again, and keeps
// nothing from the others.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { type NetNamespace, unbindNamespace } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { type ClusterHost, ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { greeting, serveAll, whoAnswers } from "../support/speakers.ts";
import { hearWarnings } from "../support/warnings.ts";

const gatewayNetwork = { subnet: "172.31.0.0/24", subnetIpv6: "fd00:31::/64" };
const table = "inet causeway_ingress";

/** A service at port 8000 of each of two hosts, and its members, which are on host 2. */
async function newScene(cluster: ClusterHosts) {
  const home = await cluster.host(1).controller.newNetwork("overlay", "web");
  await home.createService("www", { ports: [{ port: 80, targetPort: 8080, hostPort: 8000 }] });
  const network = await cluster.host(2).network("web");
  await eventually(() => assert.ok(network.serviceByName("www") !== undefined));
  const attach = async (name: string) => {
    const options = { containerId: name, endpoint: { service: { name: "www" } } };
    return { name, ...(await cluster.host(2).controller.attach(network, options)) };
  };
  return [await attach("w1"), await attach("w2")] as const;
}

/** The only one of host 1. */
function holdingSandbox({ controller }: ClusterHost): Sandbox {
  const [sandbox] = controller.sandboxes();
  assert.ok(sandbox !== undefined);
  return sandbox;
}

async function ailments({ controller }: ClusterHost): Promise<readonly string[]> {
  const { items } = await controller.inspectHealth();
  return items.map(({ code, subject }) => `${subject.kind}: ${code}`);
}

/** The host's table is that of a program of somebody else's, and nobody else may touch it, until it is disposed of. */
function takeTable(host: NetNamespace): AsyncDisposable {
  const nft = host.spawn("nft", ["-i"], { stdio: ["pipe", "ignore", "inherit"] });
  nft.stdin?.write(`delete table ${table}; add table ${table} { flags owner; }\n`);
  return {
    async [Symbol.asyncDispose]() {
      nft.stdin?.end();
      assert.deepEqual(await once(nft, "close"), [0, null]);
    },
  };
}

describe("published ports of services, hindered", () => {
  checkLeaks();

  it("are led in sandboxes though the host's table is not ours, which is said until it is", async () => {
    await using cluster = await ClusterHosts.create(2, { gatewayNetwork });
    using client = cluster.outsider(100);
    const members = await newScene(cluster);
    const [first, second] = members;
    await using _servers = await serveAll(members, 8080);
    const host = cluster.host(2);
    const seen = () => greeting(client, "192.0.2.2", 8000);
    await eventually(async () => assert.match((await seen()) ?? "", /192\.0\.2\.100$/));
    const altered = ["firewall: service_ports_altered"];
    using warned = hearWarnings();
    {
      await using _stranger = takeTable(host.namespace);
      await eventually(async () => assert.deepEqual(await ailments(host), altered));
      for (const [serves, rests] of [members, members.toReversed()]) {
        assert.ok(serves !== undefined && rests !== undefined);
        await serves.endpoint.setHealthy(true);
        await rests.endpoint.setHealthy(false);
        await eventually(async () => {
          for (let time = 0; time < 8; time++)
            assert.match((await seen()) ?? "", new RegExp(`^${serves.name} sees (?!192)`));
        });
        assert.deepEqual(await ailments(host), altered);
      }
    }
    assert.ok(warned.texts.length > 0);
    assert.deepEqual(warned.texts, [...new Set(warned.texts)], "nothing is said twice while it is so");
    await eventually(async () => assert.match((await seen()) ?? "", /^w2 sees 192\.0\.2\.100$/));
    assert.deepEqual(await ailments(host), []);
    for (const { sandbox } of [first, second]) await sandbox.delete({ endpoints: "delete" });
    await cluster.clear();
  });

  it("lead on again where the sandbox's table was another, and where its namespace was taken away", async () => {
    await using cluster = await ClusterHosts.create(2, { gatewayNetwork });
    using client = cluster.outsider(100);
    const members = await newScene(cluster);
    const [first, second] = members;
    await using _servers = await serveAll(members, 8080);
    const host = cluster.host(1);
    const isAsked = (name: string) =>
      eventually(async () => {
        for (let time = 0; time < 8; time++) assert.equal(await whoAnswers(client, "192.0.2.1", 8000), name);
      });
    await second.endpoint.setHealthy(false);
    await isAsked("w1");

    using inside = namespaceOf(holdingSandbox(host));
    const other = `table ${table} { map ports { type inet_service : verdict; }; chain tcp_8000 { }; }`;
    const nft = inside.spawn("nft", [`delete table ${table}; ${other}`], { stdio: "inherit" });
    assert.deepEqual(await once(nft, "close"), [0, null]);
    using warned = hearWarnings();
    await second.endpoint.setHealthy(true);
    await first.endpoint.setHealthy(false);
    await isAsked("w2");
    assert.deepEqual(warned.texts, []);

    const lost = holdingSandbox(host);
    unbindNamespace(lost.netnsPath);
    assert.deepEqual(await ailments(host), ["sandbox: sandbox_lost"]);
    await host.controller.repair();
    await eventually(() => assert.notEqual(holdingSandbox(host).id, lost.id));
    await isAsked("w2");
    await eventually(async () => assert.deepEqual(await ailments(host), []));
    for (const { sandbox } of members) await sandbox.delete({ endpoints: "delete" });
    await cluster.clear();
  });
});
