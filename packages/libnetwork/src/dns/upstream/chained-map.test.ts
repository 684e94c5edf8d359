import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Chained, ChainedMap } from "./chained-map.ts";

class Item implements Chained<Item> {
  readonly key: number;
  next: Item | undefined;

  constructor(key: number) {
    this.key = key;
  }
}

describe("ChainedMap", () => {
  it("has what was added and not removed, under its number, in whatever order it comes and goes", () => {
    const step = fc.record({ add: fc.boolean(), key: fc.nat(2), which: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        const map = new ChainedMap<Item>();
        const held: Item[] = [];
        for (const { add, key, which } of steps) {
          if (add) {
            const item = new Item(key);
            map.add(key, item);
            held.unshift(item);
          } else {
            const [item] = held.splice(which % Math.max(1, held.length), 1);
            if (item !== undefined) map.remove(item.key, item);
          }
          assert.equal(map.size, held.length);
          for (const number of [0, 1, 2]) {
            const found: Item[] = [];
            for (let item = map.first(number); item !== undefined; item = item.next) found.push(item);
            const wanted = held.filter((item) => item.key === number);
            assert.ok(found.length === wanted.length && found.every((item, place) => item === wanted[place]));
          }
        }
        for (const item of map) map.remove(item.key, item);
        assert.equal(map.size, 0);
        assert.deepEqual([...map], []);
      }),
    );
  });
});
