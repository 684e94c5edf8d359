import assert from "node:assert/strict";
import { it } from "node:test";
import { DatagramGroups } from "./datagram-groups.ts";

/** How many members each group has, when datagrams of these lengths go to one receiver. */
function membersOf(lengths: readonly number[]): readonly number[] {
  const groups = new DatagramGroups(lengths.length);
  for (const length of lengths) groups.add(length, () => true);
  return Array.from({ length: groups.count }, (_, group) => groups.members(group));
}

const many = (count: number, length: number) => Array.from({ length: count }, () => length);

it("a group has 64 datagrams at most", () => {
  assert.deepEqual(membersOf(many(130, 10)), [64, 64, 2]);
});

it("a group has no more bytes than a packet of IPv4 holds", () => {
  assert.deepEqual(membersOf([...many(5, 13_000), 507, 1]), [6, 1]);
  assert.deepEqual(membersOf([...many(5, 13_000), 508]), [5, 1]);
});
