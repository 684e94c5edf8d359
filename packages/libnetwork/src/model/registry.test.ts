import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Registry } from "./registry.ts";

interface Item {
  readonly id: string;
  readonly name: string;
}

function registryOf(...items: readonly Item[]): Registry<Item> {
  const registry = new Registry<Item>();
  for (const item of items) registry.add(item);
  return registry;
}

const web = { id: "abcd11", name: "web" };
const db = { id: "abcd22", name: "db" };
const log = { id: "ffff33", name: "log" };

test("finds by id, by name, and by the beginning of an id that only one has", () => {
  const registry = registryOf(web, db, log);
  assert.equal(registry.byId("abcd11"), web);
  assert.equal(registry.byName("db"), db);
  for (const reference of ["ffff33", "log", "f", "fff", "ffff", "ffff3"]) {
    assert.equal(registry.find(reference), log, reference);
  }
  assert.equal(registry.find("abcd2"), db);
  assert.equal(registry.size, 3);
  assert.deepEqual([...registry], [web, db, log]);
});

test("refuses the beginning of several ids, short or long, and names them", () => {
  const registry = registryOf(web, db, log);
  for (const prefix of ["a", "abc", "abcd"]) {
    assert.throws(() => registry.find(prefix), {
      code: "ambiguous_id",
      kind: "conflict",
      detail: { ids: [web.id, db.id] },
    });
  }
});

test("finds nothing by an empty text, the middle of an id, or what was removed", () => {
  const registry = registryOf(web, db, log);
  for (const reference of ["", "bcd", "abcd111", "we"]) assert.equal(registry.find(reference), undefined);
  registry.remove(db);
  for (const reference of ["abcd22", "db", "abcd2"]) assert.equal(registry.find(reference), undefined);
  assert.equal(registry.find("abcd"), web, "one is left of the two that began so");
});

test("an id goes before a name, and a name before the beginning of an id", () => {
  const namedLikeAnId = { id: "123456", name: "abcd11" };
  const namedLikeABeginning = { id: "777777", name: "ff" };
  const registry = registryOf(web, log, namedLikeAnId, namedLikeABeginning);
  assert.equal(registry.find("abcd11"), web);
  assert.equal(registry.find("ff"), namedLikeABeginning);
});

test("agrees with a plain search, whatever is added and removed", () => {
  const id = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 12 }), fc.infiniteStream(fc.boolean()), (ids, coins) => {
      const items = ids.map((each) => ({ id: each, name: `name of ${each}` }));
      const registry = registryOf(...items);
      const kept = items.filter((item) => {
        const goes = coins.next().value === true;
        if (goes) registry.remove(item);
        return !goes;
      });
      for (const prefix of ["a", "ab", "aba", "abab", "ababa", ...ids]) {
        const matching = kept.filter((item) => item.id.startsWith(prefix));
        if (matching.length > 1) assert.throws(() => registry.find(prefix), { code: "ambiguous_id" });
        else assert.equal(registry.find(prefix), matching[0]);
      }
    }),
  );
});
