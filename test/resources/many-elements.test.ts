/**
 * More published ports than nft gives a set room for where it has to name a size (65,535): our sets have none.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { namespaceOf, TestHost } from "../support/host.ts";
import { ipv4Only } from "../support/scenes.ts";
import { canConnect, serve } from "../support/traffic.ts";

test("a map of the packet filter holds more than 65,535 published ports, and a port beyond them leads in", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  // SCTP ports take no descriptor each.
  const every = { protocol: "sctp" as const, hostAddress: "0.0.0.0" };
  const whole = { containerPort: 1, containerPortEnd: 65_535, hostPort: 1, hostPortEnd: 65_535 };
  const endpoint = { publish: [{ ...every, ...whole }] };
  const { sandbox } = await host.controller.attach(network, { containerId: "a", endpoint });
  const [joined] = sandbox.endpoints();
  await joined?.publish([{ containerPort: 80, hostPort: 8080, hostAddress: "0.0.0.0" }]);

  // Each is an element of its own in the map for all addresses.
  assert.equal(joined?.record.state.bindings.length, 65_536);
  using inside = namespaceOf(sandbox);
  await using _server = await serve(inside, { port: 80 });
  const gateway = network.record.pools[0]?.gateway?.split("/")[0] ?? "";
  assert.equal(await canConnect(host.namespace, gateway, 8080, { timeout: 950 }), true);
});
