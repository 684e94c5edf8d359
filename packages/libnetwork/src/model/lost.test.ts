import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../sandbox.ts";
import { assertAlive, markLost } from "./lost.ts";
import { FakeController } from "./test-support.ts";

test("a sandbox that is found lost is cut off and told once, with those that share its stack", async () => {
  const controller = await FakeController.open();
  const network = await controller.newNetwork("bridge", "n", {
    ipam: { config: [{ subnet: "172.30.1.0/24" }] },
  });
  const { sandbox, endpoint } = await controller.attach(network, { containerId: "web" });
  const side = await controller.newSandbox("side", { shareWith: "web" });
  const events = controller.events();
  const { record } = endpoint;
  const core = Sandbox.core(side);
  controller.faults.arm(0);
  await markLost(core);
  await markLost(Sandbox.core(sandbox));
  assert.deepEqual(controller.faults.log, ["driver.leave"]);
  assert.deepEqual([sandbox.lost, side.lost, sandbox.gateway(4)], [true, true, undefined]);
  assert.deepEqual([endpoint.record, endpoint.sandbox], [record, sandbox], "on paper it is in it");
  assert.throws(() => assertAlive(core), {
    code: "sandbox_lost",
    message: /"side".* is gone: delete the sandbox/,
  });

  await side.delete();
  await sandbox.delete({ endpoints: "delete" });
  await network.delete();
  await controller.close();
  const told: string[] = [];
  for await (const { type, name } of events) told.push(`${type} ${name}`);
  assert.deepEqual(told, [
    "sandbox:lost web",
    "sandbox:lost side",
    "sandbox:delete side",
    "endpoint:leave web",
    "endpoint:delete web",
    "sandbox:delete web",
    "network:delete n",
  ]);
});

test("one that cannot be cut off is told as lost all the same", async () => {
  const controller = await FakeController.open();
  const network = await controller.newNetwork("bridge", "n", {
    ipam: { config: [{ subnet: "172.30.1.0/24" }] },
  });
  const { sandbox } = await controller.attach(network, { containerId: "web" });
  const events = controller.events();
  controller.faults.arm(1, { lasting: true });
  await assert.rejects(markLost(Sandbox.core(sandbox)), /injected into driver\.leave/);
  controller.faults.arm(0);
  assert.ok(sandbox.lost);
  await controller.close();
  const told: string[] = [];
  for await (const { type, name } of events) told.push(`${type} ${name}`);
  assert.deepEqual(told, ["sandbox:lost web"]);
});
