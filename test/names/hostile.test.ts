// What whoever is root in a container can do to the names of the others: nothing.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NftContext } from "@causeway/kernel";
import { ask, attached, look } from "../support/dns-asker.ts";
import { dnsHost } from "../support/dns-scene.ts";
import { DnsServer } from "../support/dns-server.ts";
import { namespaceOf } from "../support/host.ts";

const hostServer = "127.0.0.2";

/** `evil` and `good`, in networks of their own, whose names others are asked for by the host. */
async function scene(t: TestContext, react: Parameters<typeof DnsServer.start>[1]) {
  const { host } = await dnsHost(t, `nameserver ${hostServer}\n`);
  const { controller } = host;
  const upstream = await DnsServer.start(host.namespace, react, { address: hostServer });
  const [evil, good] = [await attached(controller, "evil", "n"), await attached(controller, "good", "m")];
  return { controller, evil, good, upstream };
}

const oneAddress = (name: string) => [{ name, type: "A", data: "192.0.2.1", ttl: 60 }] as const;

test("who lets no answer in keeps none from others that wait for the same", async (t) => {
  const { evil, good, upstream } = await scene(t, ({ name }) => ({ after: 500, answer: oneAddress(name) }));
  await using _ = upstream;
  using namespace = namespaceOf(evil);
  using nft = new NftContext(namespace);
  nft.run("add table ip deaf; add chain ip deaf out { type filter hook output priority 0; }");
  nft.run("add rule ip deaf out udp sport { 53, 61053 } drop");
  const first = ask(evil, "www.example.org", { patience: 1500 });
  await sleep(200);
  assert.equal(await look(good, "www.example.org", { patience: 2000 }), "192.0.2.1");
  assert.equal(await first, undefined);
  assert.equal(upstream.asked.length, 1);
});
