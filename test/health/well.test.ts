// A healthy host, whatever is on it, is told to be well: the doctor raises no false alarm.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHost } from "../support/host.ts";
import { withoutOpenFiles } from "../support/kernel-state.ts";
import { Outside } from "../support/outside.ts";
import { dualStack, ipv4Only } from "../support/scenes.ts";
import { assertWell } from "./support.ts";

/** Networks of every sort, with what can be in them. */
async function populate(host: TestHost): Promise<void> {
  const { controller } = host;
  const front = await dualStack(host, "front", 1);
  const back = await dualStack(host, "back", 2, { driverOptions: { icc: false } });
  const inner = await ipv4Only(host, "inner", 3, { internal: true });
  const routed = await dualStack(host, "routed", 4, {
    driverOptions: { gatewayModeIpv4: "routed", gatewayModeIpv6: "routed" },
  });
  await dualStack(host, "isolated", 5, {
    internal: true,
    driverOptions: { gatewayModeIpv4: "isolated", gatewayModeIpv6: "isolated" },
  });
  await controller.newNetwork("bridge", "automatic");
  await controller.newNetwork("bridge", "next");
  await ipv4Only(host, "small", 6, { driverOptions: { mtu: 1400, antiSpoofing: false } });
  await controller.newNetwork("", "options", { configOnly: true });
  const publish = [
    { containerPort: 80, hostPort: 8080 },
    { containerPort: 53, hostPort: 5353, protocol: "udp" as const, hostAddress: "127.0.0.1" },
  ];
  const { sandbox } = await controller.attach(front, { containerId: "web", endpoint: { publish } });
  for (const network of [back, inner, routed]) {
    const endpoint = await network.createEndpoint("web", {
      staticRoutes: network === back ? [{ destination: "10.7.0.0/16", nextHop: "172.30.2.9" }] : [],
    });
    await endpoint.join(sandbox);
  }
  await controller.newSandbox("sidecar", { shareWith: "web" });
  await controller.newSandbox("native", { useHostNetwork: true });
  const waiting = await controller.newSandbox("waiting", { externalKey: true });
  await (await front.createEndpoint("waiting")).join(waiting);
  await front.createEndpoint("free", { publish: [{ containerPort: 1, hostPort: 1081 }] });
  const { sandbox: gone } = await controller.attach(back, { containerId: "gone" });
  await gone.delete({ endpoints: "delete" });
}

test("with networks, ports and sandboxes of every sort, and after a restart", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false, defaultNetwork: { name: "bridge" } });
  await assertWell(host.controller);
  await populate(host);
  using _outside = new Outside(host);
  await assertWell(host.controller);
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
  await assertWell(host.controller);
  assert.deepEqual(await host.controller.repair(), { mended: [], left: [] });
});

test("a repair of a healthy host changes nothing", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  await populate(host);
  const before = await host.settled();
  await host.controller.repair();
  // The resolver's thread closes what it has of a sandbox that went in its own time.
  assert.deepEqual(withoutOpenFiles(host.state()), withoutOpenFiles(before));
});

test("while sandboxes come and go", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const network = await dualStack(host, "n", 1);
  let going = true;
  const churn = async (name: string) => {
    while (going) {
      const { sandbox } = await host.controller.attach(network, { containerId: name });
      const own = await host.controller.newNetwork("bridge", `own-${name}`);
      await (await own.createEndpoint("e")).join(sandbox);
      await sandbox.delete({ endpoints: "delete" });
      await own.delete();
    }
  };
  const churns = ["a", "b", "c"].map(churn);
  for (let look = 0; look < 2; look++) {
    await assertWell(host.controller);
    assert.deepEqual(await host.controller.repair(), { mended: [], left: [] });
  }
  going = false;
  await Promise.all(churns);
});
