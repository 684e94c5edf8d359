/**
 * A bridge with as many ports as Linux allows, 1,023 (BR_MAX_PORTS of net/bridge/br_private.h).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { link, type Rtnl } from "@causeway/kernel";
import { TestHost } from "../support/host.ts";
import { assertSameState, withoutOpenFiles } from "../support/kernel-state.ts";
import { assertExhausted } from "../support/refusals.ts";
import { assertTalking, reaches } from "../support/scenes.ts";

const mostPorts = 1023;
/** A link group that nobody else has. */
const fillers = 0x7e57;

test("who joins a network with 1,023 ports is refused and leaves nothing, and joins when one has gone", async (t) => {
  const host = await TestHost.create(t);
  const { controller, rtnl } = host;
  const network = await controller.newNetwork("bridge", "n", {
    ipam: { config: [{ subnet: "172.30.0.0/16" }] },
  });
  const other = await controller.newNetwork("bridge", "other");
  const a = await controller.attach(network, { containerId: "a" });
  const b = await controller.attach(network, { containerId: "b" });
  fill(rtnl, `br-${network.id.slice(0, 12)}`, mostPorts - 2);
  const state = withoutOpenFiles(await host.settled());

  const refused = await controller.attach(network, { containerId: "c" }).catch((error: unknown) => error);
  assertExhausted(refused, "bridge_full", /1,023 ports.* another network/);
  assertSameState(withoutOpenFiles(await host.settled()), state, "the refused one left something");
  await assertTalking(a.sandbox, b.sandbox);

  // The sandbox can join elsewhere, and here once there is room.
  const c = await controller.newSandbox("c");
  const endpoint = await network.createEndpoint("c");
  await assert.rejects(endpoint.join(c), { code: "bridge_full" });
  await (await other.createEndpoint("c")).join(c);
  await a.sandbox.delete({ endpoints: "delete" });
  await host.settled();
  await endpoint.join(c);
  assert.equal(
    await reaches(c, b.sandbox, b.endpoint.ipv4?.split("/")[0] ?? ""),
    endpoint.ipv4?.split("/")[0],
  );
  rtnl.execute(link.removeGroup(fillers));
});

/** Pairs with both ends on the bridge, down: a port costs little there. */
function fill(rtnl: Rtnl, bridge: string, ports: number): void {
  const master = rtnl.query(link.getIndex({ name: bridge }));
  const pairs = Array.from(
    { length: Math.ceil(ports / 2) },
    (_, at) => [`fill${at}a`, `fill${at}b`] as const,
  );
  const make = pairs.map(([name, peer]) =>
    link.create({ name, group: fillers, info: { kind: "veth", veth: { peer: { name: peer } } } }),
  );
  const names = pairs.flat().slice(0, ports);
  rtnl.execute(...make, ...names.map((name) => link.change({ name }, { master })));
}
