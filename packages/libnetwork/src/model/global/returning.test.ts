/**
 * What endpoints of a host have when it is registered in the cluster anew.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../../test/support/eventually.ts";
import { twoHosts } from "./test-support.ts";

test("an endpoint that has yielded its address does not take it again, also where nobody has it any more", async () => {
  await using hosts = await twoHosts();
  const { memory, stranger, controller, other } = hosts;
  const network = await controller.newNetwork("overlay", "web");
  const there = await eventually(() => other.networkByName("web") ?? assert.fail());
  const mine = await network.createEndpoint("mine");
  const address = mine.info().ipv4?.split("/")[0] ?? assert.fail();
  const kind = `address.${network.id}`;
  const isTaken = () => memory.entries(kind).some(([id]) => id === address);
  /** Its claim is gone: it finds that with the next that it asks for. */
  const registerAnew = async (name: string) => {
    await stranger.commit([{ op: "delete", kind: "host-claim", id: "a" }]);
    await eventually(() => network.createEndpoint(name));
    const kept = await network.createEndpoint(`${name} after`);
    assert.ok(kept.info().ipv4);
  };
  await stranger.commit([
    { op: "delete", kind, id: address },
    { op: "delete", kind: "held.a", id: `${kind}/${address}` },
  ]);
  const theirs = await there.createEndpoint("theirs", { ipv4: address });
  await registerAnew("first");
  await eventually(() => assert.ok(mine.record.yielded));
  await theirs.delete();
  assert.ok(!isTaken());
  await registerAnew("second");
  assert.ok(!isTaken());
});

test("an endpoint without an address keeps its network, also once its host was away for so long that it held nothing", async () => {
  await using hosts = await twoHosts();
  const { memory, stranger, controller, other } = hosts;
  const network = await controller.newNetwork("overlay", "web", { ipv4: false, ipv6: true });
  const there = await eventually(() => other.networkByName("web") ?? assert.fail());
  const bare = await network.createEndpoint("bare", { disableIpv6: true });
  const kind = `address.${network.id}`;
  const id = `endpoint ${bare.id}`;
  const isHeld = () => memory.entries(kind).some(([one]) => one === id);
  assert.ok(isHeld());
  await stranger.commit([
    { op: "delete", kind, id },
    { op: "delete", kind: "held.a", id: `${kind}/${id}` },
    { op: "delete", kind: "host-claim", id: "a" },
  ]);
  // It finds that its claim is gone.
  await eventually(() => network.createEndpoint("another"));
  await eventually(() => assert.ok(isHeld()));
  await assert.rejects(there.delete(), { code: "network_has_endpoints" });
});
