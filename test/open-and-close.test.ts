// Options of NetworkController.open that are refused, and what can still be called after close.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CausewayError, type ControllerOptions, NetworkController } from "@causeway/libnetwork";
import { TestHost } from "./support/host.ts";
import { assertSameState } from "./support/kernel-state.ts";
import { ipv4Only } from "./support/scenes.ts";

const refusals: readonly (readonly [title: string, change: object, code: string, message: RegExp])[] = [
  ["no state directory", { stateDir: undefined }, "invalid_path", /options\.stateDir is missing: say/],
  ["no run directory", { runDir: undefined }, "invalid_path", /options\.runDir is missing: say/],
  ["a relative directory", { runDir: "run" }, "invalid_path", /options\.runDir: "run" is not an absolute/],
  [
    "an unknown option",
    { stateDirectory: "/x" },
    "unknown_option",
    /"stateDirectory" \(did you mean "stateDir"/,
  ],
  [
    "an unknown firewall",
    { firewall: "iptables" },
    "invalid_option",
    /"iptables" is not one of nftables, none/,
  ],
  ["a table name with a space", { firewallTable: "a b" }, "invalid_table_name", /"a b" .*: use letters/],
  [
    "a table name that nft reads as a keyword",
    { firewallTable: "set" },
    "invalid_table_name",
    /"set" .*: choose/,
  ],
  [
    "a table name that ends the command",
    { firewallTable: "x; flush ruleset" },
    "invalid_table_name",
    /: use letters/,
  ],
  [
    "an unknown driver",
    { drivers: { brigde: {} } },
    "unknown_driver",
    /"brigde" \(did you mean "bridge"\?\)/,
  ],
  [
    "the overlay driver where there is no cluster",
    { drivers: { overlay: { vxlanPort: 4790 } } },
    "cluster_required",
    /drivers\.overlay: .*options\.cluster is missing: say which one by options\.cluster, as \{ etcd: /,
  ],
  [
    "an option of a driver",
    { drivers: { bridge: { forward: 1 } } },
    "unknown_option",
    /drivers\.bridge: .*"forward"/,
  ],
  [
    "a number of namespaces",
    { warmNamespaces: -1 },
    "invalid_option",
    /warmNamespaces: -1 is not a whole number/,
  ],
  [
    "a subnet",
    { defaultNetwork: { subnet: "172.30.1.1/24" } },
    "subnet_host_bits",
    /defaultNetwork\.subnet: .*172\.30\.1\.0\/24/,
  ],
  [
    "a name of the default network",
    { defaultNetwork: { name: "host" } },
    "network_name_in_use",
    /"host" always: choose/,
  ],
  [
    "an option of the default network",
    { defaultNetwork: { driverOptions: { mtu: 1 } } },
    "invalid_option",
    /mtu: 1 is not/,
  ],
  [
    "a pool that cannot be cut so",
    { defaultAddressPools: [{ base: "10.0.0.0/16", size: 8 }] },
    "invalid_default_pool",
    /size \/8 cannot be cut from 10\.0\.0\.0\/16: give a size/,
  ],
  [
    "half a pool",
    { defaultAddressPools: [{ base: "10.0.0.0/16" }] },
    "invalid_option",
    /\[0\]: give a base subnet and a size/,
  ],
  ["a host that is not there", { hostNamespace: "/nowhere/ns" }, "namespace_not_found", /\/nowhere\/ns/],
  ["a host that is no namespace", { hostNamespace: "/etc/passwd" }, "namespace_not_found", /\/etc\/passwd/],
];

test("what a controller cannot be opened with changes nothing", async (t) => {
  const host = await TestHost.create(t);
  await ipv4Only(host, "n", 1);
  await host.stop();
  const before = await host.settled();
  for (const [title, change, code, message] of refusals) {
    await t.test(title, async () => {
      const options = { ...host.options, ...change } as ControllerOptions;
      await assert.rejects(NetworkController.open(options), (error) => {
        assert.ok(error instanceof CausewayError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
      assertSameState(await host.settled(before), before, "something changed");
    });
  }
  await host.start();
  assert.ok(host.controller.networkByName("n") !== undefined);
});

test("after close everything is refused, and closing again is fine", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await ipv4Only(host, "n", 1);
  const { sandbox, endpoint } = await controller.attach(network, { containerId: "c" });
  const free = await network.createEndpoint("free");
  await host.stop();
  const before = await host.settled();
  const calls: Readonly<Record<string, () => unknown>> = {
    newNetwork: () => controller.newNetwork("bridge", "new"),
    networks: () => controller.networks(),
    walkNetworks: () => controller.walkNetworks(() => true),
    networkById: () => controller.networkById(network.id),
    networkByName: () => controller.networkByName("n"),
    findNetwork: () => controller.findNetwork("n"),
    newSandbox: () => controller.newSandbox("new"),
    sandboxes: () => controller.sandboxes(),
    walkSandboxes: () => controller.walkSandboxes(() => true),
    sandboxById: () => controller.sandboxById(sandbox.id),
    sandboxByContainerId: () => controller.sandboxByContainerId("c"),
    findSandbox: () => controller.findSandbox("c"),
    sandboxDestroy: () => controller.sandboxDestroy("c"),
    attach: () => controller.attach(network),
    events: () => controller.events(),
    topology: () => controller.topology(),
    uninstall: () => controller.uninstall(),
    "network.createEndpoint": () => network.createEndpoint("new"),
    "network.delete": () => network.delete(),
    "endpoint.join": () => free.join(sandbox),
    "endpoint.leave": () => endpoint.leave(sandbox),
    "endpoint.delete": () => endpoint.delete({ force: true }),
    "endpoint.publish": () => endpoint.publish([{ containerPort: 80 }]),
    "endpoint.unpublish": () => endpoint.unpublish([]),
    "sandbox.delete": () => sandbox.delete(),
    "sandbox.rename": () => sandbox.rename("new"),
    "sandbox.refresh": () => sandbox.refresh(),
    "sandbox.setKey": () => sandbox.setKey("/proc/self/ns/net"),
    "sandbox.spawn": () => sandbox.spawn("true"),
    "sandbox.statistics": () => sandbox.statistics(),
  };
  for (const [name, call] of Object.entries(calls)) {
    await t.test(name, async () => {
      await assert.rejects(async () => call(), {
        code: "controller_closed",
        kind: "unavailable",
        message: /closed: open another/,
      });
    });
  }
  await controller.close();
  await controller[Symbol.asyncDispose]();
  assertSameState(await host.settled(before), before, "something changed");
});
