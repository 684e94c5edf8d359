// The names that sandboxes see, asked for from within them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ask, attached, look } from "../support/dns-asker.ts";
import { TestHost } from "../support/host.ts";

const addressIn = (
  sandbox: Awaited<ReturnType<typeof attached>>,
  network: string,
  family: "ipv4" | "ipv6" = "ipv4",
) =>
  sandbox
    .endpoints()
    .find((endpoint) => endpoint.network.name === network)
    ?.record.interface[family]?.replace(/\/\d+$/, "");

describe("names", () => {
  test("are those of the networks that a sandbox is in, by UDP and TCP, and of no other", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const web = await attached(controller, "web", "front");
    const db = await attached(controller, "db", "front", "back");
    const stranger = await attached(controller, "stranger", "back");
    assert.equal(readFileSync(web.files.resolvConf, "utf8").includes("nameserver 127.0.0.11\n"), true);
    for (const protocol of ["udp", "tcp"] as const) {
      assert.equal(await look(web, "db", { protocol }), addressIn(db, "front"));
      assert.equal(await look(db, "WEB", { protocol }), addressIn(web, "front"));
      assert.equal(await look(stranger, "db", { protocol }), addressIn(db, "back"));
      assert.equal(await look(stranger, "web", { protocol }), "NXDOMAIN");
      assert.equal(await look(web, "db.front", { protocol }), addressIn(db, "front"));
      assert.equal(await look(web, "db", { protocol, type: "AAAA" }), "");
    }
    const reverse = String(addressIn(db, "front")).split(".").reverse().join(".");
    assert.equal(await look(web, `${reverse}.in-addr.arpa`, { type: "PTR" }), "db.front");
    assert.equal(await look(stranger, `${reverse}.in-addr.arpa`, { type: "PTR" }), "NXDOMAIN");
    const told = await ask(web, "dB");
    assert.deepEqual([told?.name, told?.from], ["dB", "127.0.0.11:53"]);
  });

  test("follow their container at once: when it leaves, comes back, and goes", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const one = await attached(controller, "one", "n");
    const two = await attached(controller, "two", "n");
    const [endpoint] = two.endpoints();
    assert.ok(endpoint);
    for (let round = 0; round < 20; round++) {
      await endpoint.leave(two);
      assert.equal(await look(one, "two"), "SERVFAIL");
      await endpoint.join(two);
      assert.equal(await look(one, "two"), addressIn(two, "n"));
    }
    await two.delete({ endpoints: "delete" });
    assert.equal(await look(one, "two"), "SERVFAIL");
  });

  test("a sandbox of no named network, or on its own port 53, has its own", async (t) => {
    const host = await TestHost.create(t, { resolver: true, defaultNetwork: {} });
    const { controller } = host;
    const bridge = controller.networkByName("bridge");
    assert.ok(bridge);
    const { sandbox } = await controller.attach(bridge, { containerId: "plain" });
    assert.doesNotMatch(readFileSync(sandbox.files.resolvConf, "utf8"), /127\.0\.0\.11/);
    assert.equal(await look(sandbox, "plain", { patience: 200 }), "nobody answers");
    const network = await controller.newNetwork("bridge", "n");
    await network.connect(sandbox, "plain");
    assert.match(readFileSync(sandbox.files.resolvConf, "utf8"), /127\.0\.0\.11/);
    assert.equal(await look(sandbox, "plain"), addressIn(sandbox, "n"));
    await sandbox.delete({ endpoints: "delete" });
    await host.restart({ resolver: true, defaultNetwork: false });
  });

  test("of which no question can be about are no name, and hurt no others", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const web = await attached(controller, "web", "n");
    const long = "x".repeat(100);
    const odd = await attached(controller, long, "n");
    const reverse = String(addressIn(odd, "n")).split(".").reverse().join(".");
    assert.equal(await look(web, `${reverse}.in-addr.arpa`, { type: "PTR" }), "NXDOMAIN");
    assert.match(await look(odd, "web"), /^\d/);
  });

  test("are answered again after the controller was closed and opened", async (t) => {
    const host = await TestHost.create(t, { resolver: true });
    await attached(host.controller, "web", "front");
    await attached(host.controller, "db", "front");
    await host.restart();
    const web = host.controller.findSandbox("web");
    const db = host.controller.findSandbox("db");
    assert.ok(web);
    assert.ok(db);
    assert.equal(await look(web, "db"), addressIn(db, "front"));
    assert.deepEqual(host.controller.problems, []);
  });
});
