import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OffsetSet } from "./offset-set.ts";

type Step = { readonly kind: "add" | "fill" | "delete" | "next"; readonly offset: bigint };

/** Clustered, so that nodes fill up, empty, and are looked through from within. */
function steps(bits: number): fc.Arbitrary<Step[]> {
  const max = (1n << BigInt(bits)) - 1n;
  const offset = fc.oneof(
    fc.bigInt(0n, max < 70n ? max : 70n),
    fc.bigInt(max < 70n ? 0n : max - 70n, max),
    fc.bigInt(0n, max),
  );
  const kind = fc.constantFrom<Step["kind"]>("add", "add", "fill", "delete", "next", "next");
  return fc.array(fc.record({ kind, offset }), { maxLength: 300 });
}

for (const bits of [1, 4, 5, 6, 8, 10, 11, 16, 32, 64, 80, 128]) {
  test(`with ${bits} bits it behaves like a plain set`, () => {
    fc.assert(
      fc.property(steps(bits), (sequence) => {
        const tested = new OffsetSet(bits);
        const plain = new Set<bigint>();
        for (const { kind, offset } of sequence) {
          if (kind === "add") {
            assert.equal(tested.add(offset), !plain.has(offset));
            plain.add(offset);
          } else if (kind === "fill") {
            for (let next = offset; next < offset + 40n && next < 1n << BigInt(bits); next++) {
              assert.equal(tested.add(next), !plain.has(next));
              plain.add(next);
            }
          } else if (kind === "delete") {
            assert.equal(tested.delete(offset), plain.delete(offset));
          } else {
            assert.equal(tested.nextAbsent(offset), naiveNextAbsent(plain, offset, 1n << BigInt(bits)));
          }
          assert.equal(tested.has(offset), plain.has(offset));
        }
      }),
    );
  });
}

test("full to the last one and emptied again, in any order", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(range(1024), { minLength: 1024 }), (order) => {
      const set = new OffsetSet(10);
      for (const offset of order) assert.ok(set.add(offset));
      assert.equal(set.nextAbsent(0n), undefined);
      const [first = 0n, ...rest] = order;
      assert.ok(set.delete(first));
      assert.equal(set.nextAbsent(0n), first);
      for (const offset of rest) assert.ok(set.delete(offset));
      assert.equal(set.nextAbsent(0n), 0n);
    }),
    { numRuns: 10 },
  );
});

test("past the end nothing is absent", () => {
  const set = new OffsetSet(8);
  assert.equal(set.nextAbsent(255n), 255n);
  assert.equal(set.nextAbsent(256n), undefined);
  set.add(255n);
  assert.equal(set.nextAbsent(255n), undefined);
});

function range(size: number): bigint[] {
  return Array.from({ length: size }, (_, i) => BigInt(i));
}

function naiveNextAbsent(members: ReadonlySet<bigint>, from: bigint, capacity: bigint): bigint | undefined {
  let offset = from;
  while (members.has(offset)) offset++;
  return offset < capacity ? offset : undefined;
}
