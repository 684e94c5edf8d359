// Where a container of several networks has its published ports.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerCreated } from "@causeway/daemon/api";
import { TestDaemon } from "../support/daemon.ts";

test("ports are published by the network of the highest priority that is not internal, and by that alone", async (t) => {
  const daemon = await TestDaemon.start(t);
  for (const name of ["red", "blue"]) await daemon.ask("POST", "/cnm/v1/networks", { name });
  await daemon.ask("POST", "/cnm/v1/networks", { name: "inner", internal: true });
  const publishing = async (...networks: readonly [network: string, gatewayPriority?: number][]) => {
    const made = await daemon.ask("POST", "/cnm/v1/containers", {
      kind: "process",
      name: "c",
      command: ["true"],
      publish: [{ containerPort: 80, hostPort: 8080 }],
      networks: networks.map(([network, gatewayPriority = 0]) => ({ network, gatewayPriority })),
    });
    assert.equal(made.status, 201, made.text);
    const { networks: joined } = (made.body as ContainerCreated).container;
    assert.equal((await daemon.ask("DELETE", "/cnm/v1/containers/c?force=true")).status, 204);
    return joined.filter(({ bindings }) => bindings.length > 0).map(({ network: { name } }) => name);
  };
  assert.deepEqual(await publishing(["red"], ["blue"]), ["red"]);
  assert.deepEqual(await publishing(["red"], ["blue", 5]), ["blue"]);
  assert.deepEqual(await publishing(["inner", 9], ["red"]), ["red"]);
});
