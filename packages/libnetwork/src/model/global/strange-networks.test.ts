/**
 * Networks that stand in the store as no host of ours has put them there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../../test/support/eventually.ts";
import type { PlainData } from "../../contracts/store.ts";
import { twoHosts } from "./test-support.ts";

test("a network of a driver whose networks are each host's own is not taken from the store, nor one that would be there from the start", async () => {
  await using cluster = await twoHosts();
  const { memory, stranger, controller, other } = cluster;
  const made = await controller.newNetwork("overlay", "web");
  const [[, { value }] = assert.fail()] = memory.entries("network");
  const shared = JSON.parse(value) as { record: { [field: string]: PlainData } };
  const put = (id: string, name: string, changed: { [field: string]: PlainData }) =>
    stranger.commit([
      {
        op: "put",
        kind: "network",
        id,
        value: { name, things: [], record: { ...shared.record, id, name, ...changed } },
      },
    ]);
  await put("1bridge", "bridge", { driver: "bridge" });
  await put("2path/../..", "path", {});
  await put("3list", "list", { pools: 7 });
  await put("4start", "start", { predefined: true, gatewayBridge: true });
  const network = await eventually(() => other.networkByName("start") ?? assert.fail());
  assert.ok(!network.predefined);
  assert.deepEqual(
    other
      .networks()
      .map(({ name }) => name)
      .sort(),
    ["start", "web"],
  );
  // One that is there already becomes no other by what is stored of it later.
  await put(made.id, "web", { driver: "bridge", pools: [], options: {} });
  await put("5last", "last", {});
  await eventually(() => assert.ok(other.networkByName("last") !== undefined));
  assert.equal(other.networkByName("web")?.type, "overlay");
  assert.notDeepEqual(other.networkByName("web")?.ipamInfo ?? [], []);
  const names = [
    { name: "good", ttl: 1, data: { type: "A", address: "192.0.2.1" } },
    { name: "bad", ttl: 1, data: { type: "A", address: "everywhere" } },
    { name: "b\nd", ttl: 1, data: { type: "TXT", texts: ["x"] } },
    { name: "odd", ttl: 1, data: { type: "HINFO" } },
    { name: "big", ttl: 1, data: { type: "TXT", texts: ["x".repeat(70_000)] } },
  ];
  await put("5last", "last", { names });
  await eventually(() =>
    assert.deepEqual(
      other
        .networkByName("last")
        ?.records()
        .map(({ name }) => name),
      ["good"],
    ),
  );
});

test("what is wrong with a stored network is a problem for as long as it is, and no longer", async () => {
  await using cluster = await twoHosts();
  const { stranger, controller, other, otherStore } = cluster;
  const { id } = await controller.newNetwork("overlay", "web");
  await eventually(() => assert.ok(other.networkByName("web") !== undefined));
  const good = (await stranger.get("network", id)) ?? assert.fail();
  const bad = { name: "web", things: [], record: { name: "web", pools: 7 } };
  const put = (to: string, value: PlainData) =>
    stranger.commit([{ op: "put", kind: "network", id: to, value }]);
  const hasProblems = (...ids: readonly string[]) =>
    eventually(() => assert.deepEqual(other.problems.map((one) => one.id).sort(), [...ids].sort()));
  await put(id, bad);
  await put("5f", { ...bad, name: "stranger" });
  await put("6f", { ...bad, name: "another" });
  await hasProblems(id, "5f", "6f");
  await put(id, good.value);
  await hasProblems("5f", "6f");
  await stranger.commit([{ op: "delete", kind: "network", id: "5f" }]);
  await hasProblems("6f");
  // Of this one the other host is not told: it is away.
  otherStore.cutOff();
  await stranger.commit([{ op: "delete", kind: "network", id: "6f" }]);
  otherStore.back();
  await hasProblems();
  // What else is wrong with one is not forgotten with that.
  const record = { ...(good.value as { record: { [field: string]: PlainData } }).record, driver: "unknown" };
  await put("7f", { name: "odd", things: [], record: { ...record, id: "7f", name: "odd" } });
  await hasProblems("7f");
  await put("7f", { ...bad, name: "odd" });
  await put("8f", bad);
  await hasProblems("7f", "8f");
  await put("7f", { name: "odd", things: [], record: { ...record, id: "7f", name: "odd" } });
  await put("9f", bad);
  await hasProblems("7f", "8f", "9f");
});

test("what is wrong with a stored service is a problem for as long as it is, and no longer", async () => {
  await using cluster = await twoHosts();
  const { stranger, controller, other, otherStore } = cluster;
  const { id } = await controller.newNetwork("overlay", "web");
  await eventually(() => assert.ok(other.networkByName("web") !== undefined));
  const put = (name: string) =>
    stranger.commit([
      { op: "put", kind: "service", id: `${id}/${name}`, value: { things: [], record: { id: "x", name } } },
    ]);
  const remove = (name: string) => stranger.commit([{ op: "delete", kind: "service", id: `${id}/${name}` }]);
  const hasProblems = (...names: readonly string[]) =>
    eventually(() => assert.deepEqual(other.problems.map(({ name }) => name).sort(), [...names].sort()));
  await put("one");
  await put("two");
  await hasProblems("one", "two");
  await remove("one");
  await hasProblems("two");
  otherStore.cutOff();
  await remove("two");
  otherStore.back();
  await hasProblems();
});
