// A sandbox with two endpoints in one network that has services.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHost } from "../support/host.ts";
import { ipv4Only } from "../support/scenes.ts";

test("a sandbox that is in a network twice has the network's services once, and is well", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "network1", 1);
  await network.createService("www");
  const { sandbox } = await host.controller.attach(network, {
    containerId: "a",
    endpoint: { service: { name: "www" } },
  });
  const second = await network.createEndpoint("second", { service: { name: "www" } });
  await second.join(sandbox);
  const codes = async () => (await host.controller.inspectHealth()).items.map(({ code }) => code);
  assert.ok(!(await codes()).includes("services_missing"));
  await second.setHealthy(false);
  assert.ok(!(await codes()).includes("services_missing"));
  await second.leave(sandbox);
  assert.ok(!(await codes()).includes("services_missing"));
  await second.delete();
  await sandbox.delete({ endpoints: "delete" });
});
