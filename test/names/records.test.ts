// Records that users add, links, named ports and name servers of a network: asked for from within sandboxes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NetworkController, Sandbox } from "@causeway/libnetwork";
import { ask, attached, look } from "../support/dns-asker.ts";
import { DnsServer, type Question, type Reaction } from "../support/dns-server.ts";
import { TestHost } from "../support/host.ts";

function networkOf(controller: NetworkController, name: string) {
  const network = controller.networkByName(name);
  assert.ok(network);
  return network;
}

function addressOf(sandbox: Sandbox): string {
  return sandbox.endpoints()[0]?.record.interface.ipv4?.replace(/\/\d+$/, "") ?? "";
}

describe("records of a network", () => {
  test("are found from the next question on in its sandboxes alone, gone when they are taken away, and there after a restart", async (t) => {
    const host = await TestHost.create(t, { resolver: true });
    const web = await attached(host.controller, "web", "front");
    const stranger = await attached(host.controller, "stranger", "back");
    const front = networkOf(host.controller, "front");
    assert.equal(await look(web, "db", { type: "TXT" }), "SERVFAIL");
    await front.addRecords([
      { name: "db", type: "A", address: "192.0.2.1" },
      { name: "db", type: "A", address: "192.0.2.2", ttl: 5 },
      { name: "db", type: "TXT", texts: ["hello", "you"] },
      { name: "alias", type: "CNAME", target: "web." },
      { name: "_sip._udp.phone", type: "SRV", port: 5060, target: "web", weight: 7 },
      { name: "*.dev", type: "AAAA", address: "2001:DB8::1" },
    ]);
    assert.equal(await look(web, "DB"), "192.0.2.1 192.0.2.2");
    assert.equal(await look(web, "db.front"), "192.0.2.1 192.0.2.2");
    assert.equal(await look(web, "db", { type: "TXT" }), "hello,you");
    assert.equal(await look(web, "db", { type: "MX" }), "");
    assert.deepEqual(
      (await ask(web, "alias"))?.answers.map(({ name, type }) => [name, type]),
      [
        ["alias", "CNAME"],
        ["web", "A"],
      ],
    );
    assert.equal(await look(web, "x.y.dev", { type: "AAAA" }), "2001:db8::1");
    const sip = (await ask(web, "_sip._udp.phone", { type: "SRV" }))?.answers;
    assert.deepEqual(
      sip?.map((answer) => "data" in answer && answer.data),
      [{ priority: 0, weight: 7, port: 5060, target: "web" }],
    );
    assert.equal(await look(stranger, "db", { patience: 9000 }), "SERVFAIL");

    await host.restart();
    const again = host.controller.findSandbox("web");
    assert.ok(again);
    assert.equal(await look(again, "db"), "192.0.2.1 192.0.2.2");
    const left = await networkOf(host.controller, "front").removeRecords([
      { name: "DB", address: "192.0.2.2" },
      { type: "TXT" },
    ]);
    assert.equal(left.length, 4);
    assert.deepEqual(networkOf(host.controller, "front").records(), left);
    assert.equal(await look(again, "db"), "192.0.2.1");
    assert.equal(await look(again, "db", { type: "TXT" }), "");
  });

  test("that are none are refused, and leave nothing behind", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const network = await controller.newNetwork("bridge", "n");
    const refused = [
      [{ name: "a", type: "A" }, "invalid_record"],
      [{ name: "a", type: "A", address: "::1" }, "invalid_address"],
      [{ name: "a", type: "A", address: "10.0.0.1", texts: ["x"] }, "invalid_record"],
      [{ name: "a b", type: "A", address: "10.0.0.1" }, "invalid_hostname"],
      [{ name: "a", type: "TXT", texts: ["x".repeat(256)] }, "invalid_option"],
      [{ name: "a", type: "TXT", texts: [] }, "invalid_record"],
      [{ name: "a", type: "TXT", texts: ["\u00e9".repeat(128)] }, "invalid_option"],
      [
        { name: "a", type: "TXT", texts: Array.from({ length: 17 }, () => "x".repeat(255)) },
        "invalid_record",
      ],
      [{ name: "a", type: "SRV", target: "b" }, "invalid_record"],
      [{ name: "a", type: "SRV", port: 70_000, target: "b" }, "invalid_option"],
      [{ name: "a", type: "CNAME", target: "." }, "invalid_hostname"],
      [{ name: "a", type: "A", address: "10.0.0.1", ttl: -1 }, "invalid_option"],
      [{ name: "good", type: "CNAME", target: "x" }, "record_conflicts"],
      [{ name: "GOOD", type: "A", address: "10.0.0.9" }, "record_exists"],
    ] as const;
    const good = { name: "good", type: "A", address: "10.0.0.9" } as const;
    await network.addRecords([good]);
    for (const [record, code] of refused) {
      await assert.rejects(network.addRecords([{ ...good, name: "first" }, record]), { code }, code);
      assert.equal(network.records().length, 1, code);
    }
    await network.addRecords([{ name: "alias", type: "CNAME", target: "good" }]);
    await assert.rejects(network.addRecords([{ name: "alias", type: "CNAME", target: "GOOD" }]), {
      code: "record_exists",
    });
    await assert.rejects(network.removeRecords([{ name: "alias" }, { name: "nobody" }]), {
      code: "record_not_found",
    });
    assert.equal(network.records().length, 2);
    const many = Array.from({ length: 1000 }, (_, at) => ({ ...good, name: `n${at}` }));
    await assert.rejects(network.addRecords(many), { code: "too_many_records" });
    await assert.rejects(network.removeRecords([{ name: "good", type: "TXT" }]), {
      code: "record_not_found",
    });
    const host = networkOf(controller, "host");
    await assert.rejects(host.addRecords([good]), { code: "network_without_names" });
  });

  test("lead on to names that only others know, whatever is asked", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const server = await attached(controller, "server", "n");
    const known = ({ name, type }: Question): Reaction => {
      if (name !== "www.example.org") return 3;
      return type === "A"
        ? [{ type: "A", name, ttl: 300, data: "192.0.2.7" }]
        : [{ type: "MX", name, ttl: 300, data: { preference: 5, exchange: "mail.example.org" } }];
    };
    await using upstream = await DnsServer.start(server, known);
    const asker = await controller.newSandbox("asker", { dns: [addressOf(server)] });
    const network = networkOf(controller, "n");
    await network.connect(asker, "asker");
    await network.addRecords([
      { name: "site", type: "CNAME", target: "www.example.org" },
      { name: "gone", type: "CNAME", target: "gone.example.org" },
    ]);
    for (const protocol of ["udp", "tcp"] as const) {
      const told = await ask(asker, "Site", { protocol });
      assert.deepEqual(
        told?.answers.map((answer) => [answer.name, "data" in answer && answer.data]),
        [
          ["Site", "www.example.org"],
          ["www.example.org", "192.0.2.7"],
        ],
      );
    }
    const mail = await ask(asker, "site", { type: "MX" });
    assert.deepEqual(mail?.answers.at(-1), {
      ...mail?.answers.at(-1),
      data: { preference: 5, exchange: "mail.example.org" },
    });
    const gone = await ask(asker, "gone");
    assert.deepEqual([gone?.rcode, gone?.answers.length], ["NXDOMAIN", 1]);
    assert.deepEqual(
      upstream.asked.map(({ name, type }) => `${name} ${type}`),
      ["www.example.org A", "www.example.org MX", "gone.example.org A"],
    );
  });
});

describe("names of an endpoint", () => {
  test("are links, stars and named ports, and change while it is in its sandbox", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const db = await attached(controller, "postgres", "n");
    const other = await attached(controller, "other", "n");
    const web = await controller.newSandbox("web");
    const endpoint = await networkOf(controller, "n").connect(web, "web", {
      links: { db: "postgres" },
      aliases: ["*.app.local"],
      namedPorts: [{ name: "http", port: 8080 }],
    });
    assert.equal(await look(web, "db"), addressOf(db));
    assert.equal(await look(other, "db", { patience: 9000 }), "SERVFAIL");
    assert.equal(await look(other, "a.app.local"), addressOf(web));
    const found = await ask(other, "_http._tcp.web", { type: "SRV" });
    assert.deepEqual(
      found?.answers.map((answer) => "data" in answer && answer.data),
      [{ priority: 0, weight: 0, port: 8080, target: "web" }],
    );
    assert.deepEqual(
      found?.additionals.flatMap((more) => ("data" in more ? [more.data] : [])),
      [addressOf(web)],
    );

    await endpoint.updateNames({ aliases: ["www"], links: {} });
    assert.equal(await look(other, "www"), addressOf(web));
    assert.equal(await look(other, "a.app.local"), "SERVFAIL");
    assert.equal(await look(web, "db"), "SERVFAIL");
    assert.equal((await ask(other, "_http._tcp.www", { type: "SRV" }))?.answers.length, 1);
    await assert.rejects(endpoint.updateNames({ aliases: ["a b"] }), { code: "invalid_hostname" });
  });

  test("several of one name share it, and one that is to go is not told any more", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const asker = await attached(controller, "asker", "n");
    const network = networkOf(controller, "n");
    const made: Sandbox[] = [];
    for (const name of ["one", "two"]) {
      const sandbox = await controller.newSandbox(name);
      await network.connect(sandbox, name, { aliases: ["service"] });
      made.push(sandbox);
    }
    const [one, two] = made;
    assert.ok(one && two);
    assert.equal(await look(asker, "service"), [addressOf(one), addressOf(two)].sort().join(" "));
    const firsts = new Set<string>();
    for (let turn = 0; turn < 50; turn++) {
      const [first] = (await ask(asker, "service"))?.answers ?? [];
      if (first !== undefined && "data" in first) firsts.add(String(first.data));
    }
    assert.equal(firsts.size, 2);
    await one.disableService();
    assert.equal(await look(asker, "service"), addressOf(two));
    assert.equal(await look(asker, "one"), "SERVFAIL");
    await one.enableService();
    assert.equal(await look(asker, "one"), addressOf(one));
  });

  test("may be kept for as long as the network says", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const ttlOf = async (sandbox: Sandbox, name: string) => {
      const [first] = (await ask(sandbox, name))?.answers ?? [];
      return first !== undefined && "ttl" in first ? first.ttl : undefined;
    };
    const plain = await attached(controller, "plain", "n");
    const chosen = await controller.newSandbox("chosen");
    const [pool] = networkOf(controller, "n").ipamInfo;
    const address = pool?.pool.replace(/\.\d+\/\d+$/, ".77");
    assert.ok(address);
    await networkOf(controller, "n").connect(chosen, "chosen", { ipv4: address });
    assert.deepEqual([await ttlOf(plain, "plain"), await ttlOf(plain, "chosen")], [0, 600]);
    const kept = await controller.newNetwork("bridge", "kept", { dnsTtl: 30 });
    const third = await controller.newSandbox("third");
    await kept.connect(third, "third");
    assert.equal(await ttlOf(third, "third"), 30);
  });
});

test("a network's own name servers are asked from the host, in the place of the host's", async (t) => {
  const { controller } = await TestHost.create(t, { resolver: true });
  const server = await attached(controller, "server", "n");
  await using upstream = await DnsServer.start(server, ({ name }) => [
    { type: "A", name, ttl: 9, data: "192.0.2.9" },
  ]);
  const served = await controller.newNetwork("bridge", "served", { dns: [addressOf(server)] });
  const asker = await controller.newSandbox("asker");
  await served.connect(asker, "asker");
  assert.equal(await look(asker, "www.example.org"), "192.0.2.9");
  assert.equal(upstream.asked.length, 1);
});

test("no names are answered on account of an endpoint that wants none", async (t) => {
  const { controller } = await TestHost.create(t, { resolver: true });
  const web = await attached(controller, "web", "n");
  const quiet = await controller.newSandbox("quiet");
  await networkOf(controller, "n").connect(quiet, "quiet", { disableResolution: true });
  assert.equal(await look(web, "quiet"), addressOf(quiet));
  await assert.rejects(quiet.resolve("web"), { code: "resolver_off" });
});

test("a trace says where a name was looked for, who was asked, and what came of it", async (t) => {
  const { controller } = await TestHost.create(t, { resolver: true });
  const server = await attached(controller, "server", "n");
  await using _ = await DnsServer.start(server, ({ name }) =>
    name === "www.example.org" ? [{ type: "A", name, ttl: 300, data: "192.0.2.7" }] : 3,
  );
  const network = networkOf(controller, "n");
  await network.addRecords([{ name: "site", type: "CNAME", target: "www.example.org" }]);
  await attached(controller, "hidden", "elsewhere");
  const asker = await controller.newSandbox("asker", {
    dns: ["198.51.100.1", addressOf(server)],
    extraHosts: [{ name: "gate", address: "192.0.2.1" }],
  });
  await network.connect(asker, "asker");

  const own = await asker.trace("Server");
  assert.deepEqual([own.rcode, own.answers.map(({ value }) => value)], ["NOERROR", [addressOf(server)]]);
  assert.deepEqual(own.steps, [
    { at: "extra hosts", found: false },
    {
      at: "network",
      networkId: network.id,
      network: "n",
      name: "server",
      by: "name",
      found: "endpoints",
      endpointIds: server.endpoints().map(({ id }) => id),
    },
  ]);
  const outside = await asker.trace("site");
  assert.deepEqual(
    outside.steps.map((step) => (step.at === "server" ? `${step.address} ${step.outcome}` : step.at)),
    ["extra hosts", "network", "network", "alias", "198.51.100.1 silent", `${addressOf(server)} answered`],
  );
  assert.equal(outside.answers.at(-1)?.value, "192.0.2.7");
  assert.equal((await asker.trace("www.example.org")).steps.at(-1)?.at, "cache");
  const secret = await asker.trace("hidden");
  assert.deepEqual(
    [secret.rcode, secret.steps.at(-1)],
    ["NXDOMAIN", { at: "private", why: "other network" }],
  );
  assert.deepEqual(
    (await asker.resolve("gate")).answers.map(({ value }) => value),
    ["192.0.2.1"],
  );
  assert.deepEqual(
    (await asker.resolve(addressOf(server))).answers.map(({ value }) => value),
    ["server.n"],
  );
  await assert.rejects(asker.resolve("x", { type: "NONSENSE" }), { code: "unknown_record_type" });
  await assert.rejects(asker.resolve("x".repeat(64)), { code: "invalid_name" });
});
