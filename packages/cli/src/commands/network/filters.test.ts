import assert from "node:assert/strict";
import { test } from "node:test";
import type { Network } from "@causeway/daemon/api";
import { filtered } from "../filters.ts";
import { isDangling, networkFilters, pruneFilters } from "./filters.ts";

const hour = 3_600_000;
/** As much of networks as filters look at. */
const networks = [
  { name: "used", labels: { a: "1", b: "" }, age: 3, endpoints: 1 },
  { name: "free", labels: { a: "2" }, age: 2 },
  { name: "waiting", labels: {}, age: 1, services: 1 },
  { name: "config", labels: {}, age: 1, configOnly: true },
  { name: "none", labels: {}, age: 4, predefined: true, driver: "null" },
].map(({ age, ...given }) => ({
  ...{
    id: given.name,
    driver: "bridge",
    scope: "local",
    endpoints: 0,
    services: 0,
    configOnly: false,
    predefined: false,
  },
  ...given,
  created: new Date(Date.now() - (age - 0.5) * hour).toISOString(),
})) as unknown as readonly Network[];

const listed = (...given: readonly string[]) =>
  filtered(networks, given, networkFilters).map(({ name }) => name);
const pruned = (...given: readonly string[]) =>
  filtered(networks, given, pruneFilters).map(({ name }) => name);

test("nobody is in a dangling network, which somebody made, and which is more than a configuration", () => {
  assert.deepEqual(
    networks.filter(isDangling).map(({ name }) => name),
    ["free"],
  );
  assert.deepEqual(listed("dangling=true"), ["free"]);
  assert.deepEqual(listed("dangling=no"), ["used", "waiting", "config", "none"]);
});

test("values of one filter are alternatives, labels and different filters all count", () => {
  assert.deepEqual(listed("name=used", "name=free"), ["used", "free"]);
  assert.deepEqual(listed("name=used", "driver=null"), []);
  assert.deepEqual(listed("label=a", "label=b"), ["used"]);
  assert.deepEqual(listed("label=a=2"), ["free"]);
  assert.deepEqual(listed("id=us", "scope=local", "type=custom"), ["used"]);
  for (const slip of ["nam=x", "name", "type=odd", "dangling=perhaps"])
    assert.throws(() => listed(slip), { exitCode: 2 }, slip);
});

test("prune takes the older ones, by what they have and by what they have not", () => {
  assert.deepEqual(pruned("until=2h"), ["used", "none"]);
  assert.deepEqual(pruned("until=0s"), ["used", "free", "waiting", "config", "none"]);
  assert.deepEqual(pruned("label!=a"), ["waiting", "config", "none"]);
  assert.deepEqual(pruned("label!=a=1"), ["free", "waiting", "config", "none"]);
  assert.deepEqual(pruned("label=a", "label!=b"), ["free"]);
  assert.deepEqual(pruned("label!=a=1", "label!=a=2"), ["waiting", "config", "none"]);
});
