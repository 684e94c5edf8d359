// What a sandbox asks that nobody here knows: asked of its own name servers, which are in a sandbox, too.

import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Sandbox } from "@causeway/libnetwork";
import { attached, look } from "../support/dns-asker.ts";
import { DnsServer, type Question, type Reaction } from "../support/dns-server.ts";
import { TestHost } from "../support/host.ts";

const known = ({ name, type }: Question): Reaction =>
  name === "www.example.org" && type === "A" ? [{ type: "A", name, ttl: 300, data: "192.0.2.7" }] : 3;

const addressOf = (sandbox: Sandbox) =>
  sandbox.endpoints()[0]?.record.interface.ipv4?.replace(/\/\d+$/, "") ?? "";

/** Sandboxes that are name servers, and one that asks them in their order. */
async function scene(t: TestContext, ...servers: readonly string[]) {
  const { controller } = await TestHost.create(t, { resolver: true });
  const made: Sandbox[] = [];
  for (const name of servers) made.push(await attached(controller, name, "n"));
  const asker = await controller.newSandbox("asker", { dns: made.map(addressOf) });
  const network = controller.networkByName("n");
  assert.ok(network);
  await network.connect(asker, "asker");
  return { controller, asker, servers: made };
}

describe("names that others know", () => {
  test("are asked of the sandbox's own servers, once while the answer holds, by the protocol that was asked", async (t) => {
    const { asker, servers } = await scene(t, "one");
    const [one] = servers;
    assert.ok(one);
    await using server = await DnsServer.start(one, known);
    assert.equal(await look(asker, "www.example.org"), "192.0.2.7");
    assert.equal(await look(asker, "WWW.example.org"), "192.0.2.7");
    assert.equal(await look(asker, "nothing.example.org"), "NXDOMAIN");
    assert.deepEqual(server.asked, [
      { name: "www.example.org", type: "A", protocol: "udp" },
      { name: "nothing.example.org", type: "A", protocol: "udp" },
    ]);
    assert.equal(await look(asker, "other.example.org", { protocol: "tcp" }), "NXDOMAIN");
    assert.equal(server.asked.at(-1)?.protocol, "tcp");
  });

  test("never tell others of names that are known here", async (t) => {
    const { controller, asker, servers } = await scene(t, "one");
    await attached(controller, "hidden", "elsewhere");
    const [one] = servers;
    assert.ok(one);
    await using server = await DnsServer.start(one, known);
    for (const [name, type] of [
      ["asker", "A"],
      ["asker", "AAAA"],
      ["asker", "MX"],
      ["asker.n", "TXT"],
      ["hidden", "A"],
      ["hidden.elsewhere", "A"],
    ] as const)
      await look(asker, name, { type });
    assert.deepEqual(server.asked, []);
  });

  test("are asked of the next server where the first is silent, fails or refuses", async (t) => {
    for (const reaction of [undefined, 2, 5] as const) {
      await t.test(String(reaction), async (t) => {
        const { asker, servers } = await scene(t, "one", "two");
        const [one, two] = servers;
        assert.ok(one);
        assert.ok(two);
        await using first = await DnsServer.start(one, () => reaction);
        await using second = await DnsServer.start(two, known);
        assert.equal(await look(asker, "www.example.org"), "192.0.2.7");
        assert.deepEqual([first.asked.length, second.asked.length], [1, 1]);
      });
    }
  });

  test("are SERVFAIL where nobody says anything, and where there is nobody", async (t) => {
    const { asker } = await scene(t, "one");
    // Nothing listens there: the kernel says so, and no time passes.
    assert.equal(await look(asker, "www.example.org"), "SERVFAIL");
  });

  test("are not asked for from internal networks", async (t) => {
    const { controller, servers } = await scene(t, "one");
    const [one] = servers;
    assert.ok(one);
    await using server = await DnsServer.start(one, known);
    const inner = await controller.newNetwork("bridge", "inner", { internal: true });
    const inside = await controller.newSandbox("inside", { dns: [addressOf(one)] });
    await inner.connect(inside, "inside");
    assert.equal(await look(inside, "www.example.org"), "NXDOMAIN");
    assert.deepEqual(server.asked, []);
  });
});
