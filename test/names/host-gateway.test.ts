// The host as an extra host: in the sandbox's own network, where it is reached, and wherever the way out goes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { NetworkController, Sandbox } from "@causeway/libnetwork";
import { look } from "../support/dns-asker.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { canConnect, serve } from "../support/traffic.ts";

const extraHosts = [{ name: "host.internal", address: "host-gateway" }];

/** What stands in /etc/hosts for it. */
function told({ files }: Sandbox): readonly string[] {
  return [...readFileSync(files.hosts, "utf8").matchAll(/^(\S+)\thost\.internal$/gm)].map(
    ([, address = ""]) => address,
  );
}

async function makeNetwork(controller: NetworkController, at: number, internal = false) {
  const config = [{ subnet: `10.8.${at}.0/24` }, { subnet: `fd00:8:${at}::/64` }];
  return controller.newNetwork("bridge", `n${at}`, { ipv6: true, internal, ipam: { config } });
}

async function reaches(from: Sandbox, address: string): Promise<boolean> {
  using namespace = namespaceOf(from);
  return canConnect(namespace, address, 80);
}

describe("host-gateway", () => {
  test("is the host in the network that is the way out, follows it, and is reached; the host elsewhere is not", async (t) => {
    const host = await TestHost.create(t, { resolver: true });
    const [one, two] = [await makeNetwork(host.controller, 1), await makeNetwork(host.controller, 2)];
    const sandbox = await host.controller.newSandbox("c", { extraHosts });
    assert.deepEqual(told(sandbox), []);
    const first = await one.connect(sandbox, "c");
    assert.deepEqual(told(sandbox), ["10.8.1.1", "fd00:8:1::1"]);
    await using _four = await serve(host.namespace, { port: 80 });
    await using _six = await serve(host.namespace, { port: 80, address: "::" });
    for (const address of told(sandbox)) assert.equal(await reaches(sandbox, address), true, address);
    // What Docker would have told: the address in another bridge.
    assert.equal(await reaches(sandbox, "10.8.2.1"), false);

    await two.connect(sandbox, "c", { gatewayPriority: 5 });
    assert.deepEqual(told(sandbox), ["10.8.2.1", "fd00:8:2::1"]);
    assert.equal(await look(sandbox, "host.internal"), "10.8.2.1");
    await host.restart();
    const again = host.controller.findSandbox("c");
    assert.ok(again);
    assert.deepEqual(told(again), ["10.8.2.1", "fd00:8:2::1"]);
    assert.equal(await look(again, "host.internal", { type: "AAAA" }), "fd00:8:2::1");
    await host.controller.networkByName("n2")?.endpointByName("c")?.delete({ force: true });
    assert.deepEqual(told(again), ["10.8.1.1", "fd00:8:1::1"]);
    await host.controller.networkByName("n1")?.endpointById(first.id)?.delete({ force: true });
    assert.deepEqual(told(again), []);
  });

  test("is the host of an internal network too", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true });
    const sandbox = await controller.newSandbox("c", { extraHosts });
    await (await makeNetwork(controller, 1, true)).connect(sandbox, "c");
    assert.deepEqual(told(sandbox), ["10.8.1.1", "fd00:8:1::1"]);
  });

  test("is what was chosen, in no network already", async (t) => {
    const { controller } = await TestHost.create(t, { resolver: true, hostGateways: ["192.0.2.1"] });
    const sandbox = await controller.newSandbox("c", { extraHosts });
    assert.deepEqual(told(sandbox), ["192.0.2.1"]);
  });
});
