import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HIGHEST_PORT } from "../options/port-range.ts";
import { firstOutside, PortSet, portsAmong } from "./port-set.ts";

const ports = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: HIGHEST_PORT - 100, max: HIGHEST_PORT }),
);
const portLists = fc.array(ports, { maxLength: 120 });

function setOf(members: Iterable<number>): PortSet {
  const set = new PortSet();
  for (const port of members) set.add(port);
  return set;
}

test("the first port outside of the sets is the one that a plain search finds", () => {
  fc.assert(
    fc.property(ports, ports, fc.array(portLists, { maxLength: 3 }), (first, last, lists) => {
      const taken = new Set(lists.flat());
      let expected: number | undefined;
      for (let port = last; port >= first; port--) if (!taken.has(port)) expected = port;
      assert.equal(firstOutside(first, last, lists.map(setOf)), expected);
    }),
    { numRuns: 1000 },
  );
});

test("what is deleted is free again, and its neighbours stay", () => {
  fc.assert(
    fc.property(portLists, portLists, (added, deleted) => {
      const set = setOf(added);
      for (const port of deleted) set.delete(port);
      const left = new Set(added).difference(new Set(deleted));
      const all = Array.from({ length: HIGHEST_PORT + 1 }, (_, port) => port);
      const free = all.filter((port) => !left.has(port));
      assert.deepEqual(
        [...portsAmong({ ranges: [{ first: 0, last: HIGHEST_PORT }], excluded: [set] })],
        free,
      );
    }),
    { numRuns: 20 },
  );
});

test("full words are stepped over, to the very last port", () => {
  const set = setOf(Array.from({ length: HIGHEST_PORT }, (_, port) => port));
  assert.equal(firstOutside(1, HIGHEST_PORT, [set]), HIGHEST_PORT);
  set.add(HIGHEST_PORT);
  assert.equal(firstOutside(1, HIGHEST_PORT, [set]), undefined);
});

test("candidates come range by range, and a set may grow meanwhile", () => {
  const excluded = setOf([11]);
  const ranges = [
    { first: 10, last: 12 },
    { first: 5, last: 6 },
  ];
  const found: number[] = [];
  for (const port of portsAmong({ ranges, excluded: [excluded] })) {
    found.push(port);
    excluded.add(5);
  }
  assert.deepEqual(found, [10, 12, 6]);
});
