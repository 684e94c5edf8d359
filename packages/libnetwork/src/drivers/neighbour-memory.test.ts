import assert from "node:assert/strict";
import { test } from "node:test";
import { NeighbourMemory } from "./neighbour-memory.ts";

const ipv4 = "172.30.0.2/24";
const telling = { mac: "02:42:ac:1e:00:02", ipv4, ipv6: undefined };
const chosen = { mac: "02:00:00:00:00:01", ipv4, ipv6: undefined };

test("a MAC that says the address is what neighbours remember", () => {
  const memory = new NeighbourMemory();
  memory.add(telling);
  assert.equal(memory.mayBeWrong(telling), false);
});

test("a chosen MAC may be news to them, then and when the address is used again", () => {
  const memory = new NeighbourMemory();
  memory.add(telling);
  assert.equal(memory.mayBeWrong(chosen), true);
  memory.add(chosen);
  assert.equal(memory.mayBeWrong(telling), true);
  assert.equal(memory.mayBeWrong({ ...telling, mac: "02:42:ac:1e:00:03", ipv4: "172.30.0.3/24" }), false);
});

test("no MAC says an IPv6 address", () => {
  const memory = new NeighbourMemory();
  assert.equal(memory.mayBeWrong({ ...telling, ipv6: "fd00::2/64" }), true);
  assert.equal(memory.mayBeWrong({ ...telling, ipv4: undefined, ipv6: "fd00::2/64" }), true);
});
