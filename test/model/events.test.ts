// Events tell what happened, in its order, to whoever listens.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHost } from "../support/host.ts";
import { ipv4Only } from "../support/scenes.ts";

test("everything that happens is told, and what failed is not", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const events = controller.events();
  const network = await ipv4Only(host, "n", 1);
  const endpoint = await network.createEndpoint("e");
  const sandbox = await controller.newSandbox("c");
  await assert.rejects(network.createEndpoint("e"), { code: "endpoint_name_in_use" });
  await endpoint.join(sandbox);
  await endpoint.publish([{ containerPort: 80, hostPort: 8080, hostAddress: "127.0.0.1" }]);
  await endpoint.unpublish([{ hostPort: 8080 }]);
  await endpoint.leave(sandbox);
  await endpoint.delete();
  await sandbox.delete();
  await network.delete();
  await host.restart();

  const seen = [];
  for await (const { type, id, name, attributes } of events) seen.push({ type, id, name, attributes });
  const ofNetwork = { id: network.id, name: "n", attributes: { type: "bridge" } };
  const ofSandbox = { id: sandbox.id, name: "c" };
  const ofEndpoint = { id: endpoint.id, name: "e" };
  const inNetwork = { network: network.id };
  const ports = "127.0.0.1:8080->80/tcp";
  assert.deepEqual(seen, [
    { type: "network:create", ...ofNetwork },
    { type: "endpoint:create", ...ofEndpoint, attributes: { ...inNetwork, ipv4: "172.30.1.2/24", ipv6: "" } },
    { type: "sandbox:create", ...ofSandbox, attributes: { container: "c" } },
    {
      type: "endpoint:join",
      ...ofEndpoint,
      attributes: { ...inNetwork, sandbox: sandbox.id, interface: "eth0" },
    },
    { type: "sandbox:gateway", ...ofSandbox, attributes: { ipv4: endpoint.id, ipv6: "" } },
    { type: "endpoint:publish", ...ofEndpoint, attributes: { ...inNetwork, ports } },
    { type: "endpoint:unpublish", ...ofEndpoint, attributes: { ...inNetwork, ports } },
    { type: "sandbox:gateway", ...ofSandbox, attributes: { ipv4: "", ipv6: "" } },
    { type: "endpoint:leave", ...ofEndpoint, attributes: { ...inNetwork, sandbox: sandbox.id } },
    { type: "endpoint:delete", ...ofEndpoint, attributes: inNetwork },
    { type: "sandbox:delete", ...ofSandbox, attributes: { container: "c" } },
    { type: "network:delete", ...ofNetwork },
  ]);
});

test("a listener stops when it likes, by leaving the loop or by its signal", async (t) => {
  const host = await TestHost.create(t);
  const stop = new AbortController();
  const aborted = host.controller.events(stop.signal);
  const left = host.controller.events();
  await host.controller.newSandbox("a");
  for await (const { type } of left) {
    assert.equal(type, "sandbox:create");
    break;
  }
  stop.abort();
  await host.controller.newSandbox("b");
  const names: string[] = [];
  for await (const { name } of aborted) names.push(name);
  assert.deepEqual(names, ["a"]);
});
