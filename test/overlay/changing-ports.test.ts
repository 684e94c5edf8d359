// Host ports of services that come, change and go while others are in use: nothing is done to those.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { type NetNamespace, NftContext } from "@causeway/kernel";
import type { Attachment, Network, NetworkController, Service } from "@causeway/libnetwork";
import { ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { greeting, openClient, serveAll, whoAnswers } from "../support/speakers.ts";

const gatewayNetwork = { subnet: "172.31.0.0/24", subnetIpv6: "fd00:31::/64" };
const at = (number: number) => `192.0.2.${number}`;

interface Member extends Attachment {
  readonly name: string;
}

/** On host 2: host 1 leads there by its sandbox, host 2 to its own member directly. */
async function attach(cluster: ClusterHosts, service: string, name: string): Promise<Member> {
  const network = await cluster.host(2).network("web");
  await eventually(() => assert.ok(network.serviceByName(service) !== undefined));
  const options = { containerId: name, endpoint: { service: { name: service } } };
  return { name, ...(await cluster.host(2).controller.attach(network, options)) };
}

function publish(network: Network, name: string, hostPort: number): Promise<Service> {
  return network.createService(name, { ports: [{ port: 80, targetPort: 8080, hostPort }] });
}

/** The namespace of the only sandbox of host 1, which holds the ports there. */
function holding(cluster: ClusterHosts): NetNamespace {
  const [sandbox] = cluster.host(1).controller.sandboxes();
  assert.ok(sandbox !== undefined);
  return namespaceOf(sandbox);
}

/** Handles of the chains of a table that leads ports on: where it is made anew, they are others. */
function chainsOf(namespace: NetNamespace): ReadonlyMap<unknown, unknown> {
  using nft = new NftContext(namespace);
  const chains = nft
    .list("chains")
    .flatMap(({ chain }) => (String(chain?.table).endsWith("_ingress") ? [chain] : []));
  return new Map(chains.map((chain) => [chain?.name, chain?.handle]));
}

/** By a process of its own: what this one does is ours. */
async function alter(namespace: NetNamespace, ...commands: readonly string[]): Promise<void> {
  const nft = namespace.spawn("nft", [commands.join("; ")], { stdio: "inherit" });
  assert.deepEqual(await once(nft, "close"), [0, null]);
}

async function alteredOn(controller: NetworkController): Promise<readonly string[]> {
  const { items } = await controller.inspectHealth();
  return items.filter(({ code }) => code === "service_ports_altered").map(({ subject }) => subject.kind);
}

describe("published ports of services that change", () => {
  checkLeaks();

  it("come, lead elsewhere and go, and connections by others go on; what somebody altered is found, and mended", async () => {
    await using cluster = await ClusterHosts.create(2, { gatewayNetwork });
    using client = cluster.outsider(100);
    const network = await cluster.host(1).controller.newNetwork("overlay", "web");
    await publish(network, "www", 8000);
    await publish(network, "api", 8001);
    const first = await attach(cluster, "www", "w1");
    const members = [first, await attach(cluster, "api", "a1")];
    await using _first = await serveAll(members, 8080);
    const who = (number: number, port: number) => whoAnswers(client, at(number), port);
    const answers = (number: number, port: number, name: string) =>
      eventually(async () => assert.equal(await who(number, port), name));
    for (const number of [1, 2]) {
      await answers(number, 8000, "w1");
      await answers(number, 8001, "a1");
    }
    using held1 = openClient(client, at(1), 8000);
    using held2 = openClient(client, at(2), 8000);
    for (const held of [held1, held2]) assert.match((await held.hear()) ?? "", /^w1 /);
    const goOn = async (text: string) => {
      for (const held of [held1, held2]) assert.equal(await held.say(text), `${text} at w1`);
    };
    using sandbox = holding(cluster);
    const places = [sandbox, cluster.host(2).namespace];
    const before = places.map(chainsOf);
    const untouched = () => {
      for (const [place, chains] of places.map(chainsOf).entries())
        for (const [name, handle] of before[place] ?? [])
          assert.equal(chains.get(name), handle, String(name));
    };
    for (const chains of before) assert.ok(chains.has("tcp_8000") && chains.has("prerouting"));

    // One more.
    const more = await publish(network, "more", 8002);
    const added = await attach(cluster, "more", "m1");
    await using _added = await serveAll([added], 8080);
    for (const number of [1, 2]) await answers(number, 8002, "m1");
    await goOn("one more port");
    untouched();

    // Another member.
    const second = await attach(cluster, "www", "w2");
    await using _second = await serveAll([second], 8080);
    await first.endpoint.setHealthy(false);
    for (const number of [1, 2]) {
      await answers(number, 8000, "w2");
      assert.equal(await who(number, 8001), "a1");
    }
    await goOn("its member is another");
    untouched();

    // One less.
    await added.sandbox.delete({ endpoints: "delete" });
    await more.delete();
    for (const number of [1, 2]) {
      await answers(number, 8002, "nobody");
      assert.equal(await who(number, 8000), "w2");
      assert.equal(await who(number, 8001), "a1");
    }
    await goOn("one port less");
    untouched();
    for (const number of [1, 2]) assert.deepEqual(await alteredOn(cluster.host(number).controller), []);

    // Somebody takes a port away, and spoils another: the next change of the one brings back both.
    const table = "inet causeway_ingress";
    await alter(
      sandbox,
      `delete element ${table} ports { tcp . 8000 }`,
      `delete chain ${table} tcp_8000`,
      `flush chain ${table} tcp_8001`,
    );
    for (const port of [8000, 8001]) assert.equal(await who(1, port), "nobody");
    assert.deepEqual(await alteredOn(cluster.host(1).controller), ["sandbox"]);
    await first.endpoint.setHealthy(true);
    await second.endpoint.setHealthy(false);
    await answers(1, 8000, "w1");
    assert.equal(await who(1, 8001), "a1");
    assert.deepEqual(await alteredOn(cluster.host(1).controller), []);
    await goOn("all of it was made anew");
    // Of the host that is noticed: until then its sandbox leads there, in its own name.
    await alter(cluster.host(2).namespace, `flush chain ${table} tcp_8000`);
    await eventually(async () => assert.deepEqual(await alteredOn(cluster.host(2).controller), []));
    assert.match((await greeting(client, at(2), 8000)) ?? "", /^w1 sees 192\.0\.2\.100$/);

    // A controller that is opened again tells all of it once, and finds nothing.
    for (const number of [1, 2]) {
      await cluster.host(number).stop();
      await cluster.host(number).start();
      assert.deepEqual(await alteredOn(cluster.host(number).controller), []);
      await answers(number, 8000, "w1");
      assert.deepEqual(await alteredOn(cluster.host(number).controller), []);
    }
    await goOn("by other controllers");
    // The last member goes.
    const names = new Set([first, second, ...members].map(({ name }) => name));
    for (const one of cluster.host(2).controller.sandboxes())
      if (names.has(one.containerId)) await one.delete({ endpoints: "delete" });
    for (const number of [1, 2]) {
      await answers(number, 8000, "nobody");
      assert.deepEqual(await alteredOn(cluster.host(number).controller), []);
    }
    await cluster.clear();
  });
});
