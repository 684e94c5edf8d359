import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { mixCase, outgoing } from "./outgoing.ts";
import { Question } from "./question.ts";
import { PooledRandomNumbers } from "./random.ts";
import { answerTo, look, nameOf, queryOf, types } from "./test-support.ts";

function read(bytes: Uint8Array): Question | undefined {
  const question = new Question();
  return question.read(bytes, bytes.length, 1) ? question : undefined;
}

/** A changed byte, or one more at the end. */
function withByte(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = new Uint8Array(Math.max(bytes.length, offset + 1));
  changed.set(bytes);
  changed[offset] = value;
  return changed;
}

describe("Question", () => {
  it("reads name, type and what is wanted besides", () => {
    const query = queryOf({ type: types.aaaa, edns: { size: 4000, dnssecOk: true }, checkingDisabled: true });
    const question = read(query);
    assert.deepEqual(
      [
        question?.nameEnd,
        question?.end,
        question?.type,
        question?.variant,
        question?.udpLimit,
        question?.plain,
      ],
      [29, 33, 28, 1 | 4 | 8 | 16, 4000, true],
    );
    assert.equal(read(queryOf({ edns: { size: 100 } }))?.udpLimit, 512);
    assert.equal(read(queryOf())?.udpLimit, 512);
  });

  it("finds names that differ in case by the same hash, and other questions by another", () => {
    const hash = (...of: Parameters<typeof queryOf>) => read(queryOf(...of))?.hash;
    assert.equal(hash({ name: "WWW.example.ORG" }), hash());
    const others = [
      hash(),
      hash({ type: 2 }),
      hash({ class: 3 }),
      hash({ recursion: false }),
      hash({ edns: {} }),
    ];
    assert.equal(new Set(others).size, others.length);
    assert.notEqual(new Question().hash, hash());
  });

  it("is none where header, name or question is not whole, or there are two", () => {
    const query = queryOf();
    for (let length = 0; length < query.length; length++)
      assert.equal(read(query.subarray(0, length)), undefined);
    assert.equal(read(answerTo(query)), undefined);
    assert.equal(read(withByte(query, 5, 2)), undefined);
    assert.equal(read(withByte(query, 5, 0)), undefined);
    assert.equal(read(withByte(query, 12, 0xc0)), undefined, "a name that leads elsewhere");
    assert.equal(read(withByte(query, 12, 64)), undefined);
    const label = "a".repeat(63);
    const longest = [label, label, label, "a".repeat(61)].join(".");
    assert.notEqual(read(queryOf({ name: longest })), undefined);
    assert.equal(nameOf(longest).length, 255);
    assert.equal(read(queryOf({ name: `${longest}a` })), undefined);
    assert.notEqual(read(queryOf({ name: "" })), undefined, "the root");
  });

  it("is not like any other with what an answer might depend on", () => {
    const query = queryOf();
    const edns = queryOf({ edns: {} });
    const { length } = query;
    for (const odd of [
      withByte(query, 2, 0x21),
      withByte(query, 2, 0x05),
      withByte(query, 3, 0x40),
      withByte(query, 7, 1),
      withByte(query, 9, 1),
      withByte(query, 11, 1),
      withByte(query, length, 0),
      withByte(edns, length + 6, 1),
      withByte(edns, length + 10, 1),
      withByte(edns, length, 1),
      withByte(edns, 11, 2),
      queryOf({ type: 41 }),
      queryOf({ type: 250 }),
      queryOf({ type: types.axfr }),
    ])
      assert.equal(read(odd)?.plain, false);
    for (const usual of [
      query,
      edns,
      queryOf({ type: types.any }),
      queryOf({ type: 65 }),
      queryOf({ type: 257 }),
    ])
      assert.equal(read(usual)?.plain, true);
  });

  it("reads any bytes without harm", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, likely) => {
        if (likely) bytes.set([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1].slice(0, bytes.length));
        const question = read(bytes);
        if (question === undefined) return;
        assert.ok(question.end <= bytes.length && question.nameEnd - 12 <= 255);
        const sent = outgoing(bytes, bytes.length, question);
        mixCase(sent, question.nameEnd, new PooledRandomNumbers());
        assert.deepEqual(read(sent)?.end, question.end);
        if (question.plain) assert.equal(read(sent)?.hash, question.hash);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("mixCase", () => {
  it("changes letters only, each of them half of the time", () => {
    const name = "abcdefghijklmnopqrstuvwxyz.0123456789-_.xn--e1afmkfd";
    const counts = new Map<string, number>();
    const random = new PooledRandomNumbers();
    for (let turn = 0; turn < 400; turn++) {
      const query = queryOf({ name });
      mixCase(query, 12 + nameOf(name).length, random);
      assert.deepEqual(read(query)?.hash, read(queryOf({ name }))?.hash);
      for (const letter of look(query).name) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    // One that is fair is outside of this once in 10^15.
    for (const letter of "bcghijlopqrstuvwyzABC") {
      const count = counts.get(letter) ?? 0;
      assert.ok(count > 100, `${letter}: ${count}`);
    }
  });
});

describe("PooledRandomNumbers", () => {
  it("gives 16 bits each, from one batch after the other", () => {
    const random = new PooledRandomNumbers();
    const seen = new Set(Array.from({ length: 5000 }, () => random.next()));
    // 65,536 possible, 5,000 drawn: 4,815 different ones are to be expected, and 4,600 in all likelihood.
    assert.ok(seen.size > 4600);
    for (const value of seen) assert.ok(Number.isInteger(value) && value >= 0 && value <= 0xffff);
  });
});
