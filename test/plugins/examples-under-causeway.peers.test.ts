// The examples' network drivers under our own controller, one of them on Open vSwitch.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { address, link, type Rtnl } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { ExamplePlugin } from "../support/example-plugin.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { inside } from "../support/inside.ts";
import { OpenVswitch } from "../support/open-vswitch.ts";
import { needsPeer } from "../support/peers.ts";
import { canPing } from "../support/traffic.ts";

/** A host whose controller looks for plugins in a directory of the test's. */
async function scene(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "causeway-examples-"));
  const plugins = { directories: { sockets: directory, specs: [] } };
  const host = await TestHost.create(t, { plugins });
  // What is to be done after a test is done in the order in which it was said: the host's networks go first.
  t.after(() => rmSync(directory, { recursive: true }));
  return { host, directory };
}

async function pings(from: Sandbox, target: string): Promise<boolean> {
  using namespace = namespaceOf(from);
  return canPing(namespace, target);
}

function addAddress(sandbox: Sandbox, ip: string): void {
  inside(sandbox, (rtnl: Rtnl) => {
    const { index } = rtnl.query(link.get({ name: "eth0" }));
    rtnl.execute(address.add({ link: index, address: ip, prefixLength: 32 }));
  });
}

describe("static-routes under our controller", () => {
  it("has sandboxes reach what the routes name, and nothing else", async (t) => {
    const { host, directory } = await scene(t);
    const plugin = new ExamplePlugin(
      "static-routes",
      [join(directory, "static-routes.sock")],
      host.namespace,
    );
    t.after(() => plugin.end("SIGTERM"));
    await plugin.start();
    const { controller } = host;
    const network = await controller.newNetwork("static-routes", "n", {
      ipam: { config: [{ subnet: "10.50.0.0/24" }] },
      driverOptions: { routes: "10.99.0.0/16 via 10.50.0.254, 10.98.0.0/16" },
    });
    const at = async (containerId: string, ipv4: string) =>
      (await controller.attach(network, { containerId, endpoint: { ipv4 } })).sandbox;
    const client = await at("client", "10.50.0.2");
    const router = await at("router", "10.50.0.254");
    const neighbour = await at("neighbour", "10.50.0.3");
    addAddress(router, "10.99.1.1");
    addAddress(router, "10.97.1.1");
    addAddress(neighbour, "10.98.1.1");
    assert.equal(await pings(client, "10.99.1.1"), true, "by the next hop");
    assert.equal(await pings(client, "10.98.1.1"), true, "on the link");
    assert.equal(await pings(client, "10.97.1.1"), false, "no route names it");
    for (const sandbox of [client, router, neighbour]) await sandbox.delete({ endpoints: "delete" });
    await network.delete();
    // Before the host's end, which finds no open socket then.
    await plugin.end("SIGTERM");
  });
});

const programs = needsPeer("ovs-vswitchd", "ovsdb-server");

describe("open-vswitch under our controller", { skip: programs }, () => {
  it("has sandboxes of a VLAN reach each other, and leaves no bridge", async (t) => {
    const { host, directory } = await scene(t);
    const ovs = await OpenVswitch.start(host.namespace, join(directory, "ovs"));
    const socket = join(directory, "open-vswitch.sock");
    const words = ["--db", ovs.socket, "--datapath", "netdev", "--socket", socket];
    const plugin = new ExamplePlugin("open-vswitch", words, host.namespace);
    t.after(() => plugin.end("SIGTERM"));
    t.after(() => ovs[Symbol.asyncDispose]());
    await plugin.start();
    const { controller } = host;
    const network = await controller.newNetwork("open-vswitch", "n", {
      ipam: { config: [{ subnet: "10.60.0.0/24" }] },
      driverOptions: { vlan: "7" },
    });
    const one = await controller.attach(network, { containerId: "one" });
    const two = await controller.attach(network, { containerId: "two" });
    const other = await controller.attach(network, {
      containerId: "other",
      endpoint: { driverOptions: { vlan: "8" } },
    });
    const addressOf = ({ endpoint }: typeof one) => endpoint.ipv4?.split("/")[0] ?? "";
    assert.equal(await pings(one.sandbox, addressOf(two)), true, "the same VLAN");
    assert.equal(await pings(one.sandbox, addressOf(other)), false, "another VLAN");
    assert.equal(await pings(one.sandbox, "10.60.0.1"), true, "the host");

    await two.endpoint.leave(two.sandbox);
    assert.equal(await pings(one.sandbox, addressOf(two)), false, "who has left");
    await two.endpoint.join(two.sandbox);
    assert.equal(await pings(one.sandbox, addressOf(two)), true, "who has come back");
    for (const { sandbox } of [one, two, other]) await sandbox.delete({ endpoints: "delete" });
    await network.delete();
    assert.equal(await ovs.vsctl("list-br"), "");
    await plugin.end("SIGTERM");
    await ovs[Symbol.asyncDispose]();
  });
});
