import assert from "node:assert/strict";
import { test } from "node:test";
import { Compression } from "./compression.ts";
import { type WireName, wireName } from "./name.ts";
import { hex } from "./test-support.ts";

function name(text: string): WireName {
  const name = wireName(text);
  assert.ok(name);
  return name;
}

/** A header; `a.b` at 12, and `c` and a pointer to `b` at 17. */
const message = Uint8Array.from([...Array<number>(12).fill(0), ...hex("01 61 01 62 00  01 63 c00e")]);

function filled(): Compression {
  const compression = new Compression();
  compression.begin();
  const [ab = 0, b = 0] = name("a.b").hashes;
  compression.add(ab, 12);
  compression.add(b, 14);
  compression.add(name("c.b").hashes[0] ?? 0, 17);
  return compression;
}

test("a name is found from any of its labels on, in any case, along pointers", () => {
  const compression = filled();
  assert.equal(compression.find(message, 0, name("A.b"), 0), 12);
  assert.equal(compression.find(message, 0, name("x.B"), 1), 14);
  assert.equal(compression.find(message, 0, name("C.B"), 0), 17);
  assert.equal(compression.find(message, 0, name("x.b"), 0), 0);
  assert.equal(compression.find(Uint8Array.from([1, 2, 3, ...message]), 3, name("c.b"), 0), 17);
});

test("another name with the same hash is not found", () => {
  const compression = filled();
  const { hashes } = name("c.b");
  for (const other of ["d.b", "c.d", "cc.b", "c", "c.b.a"]) {
    assert.equal(compression.find(message, 0, { ...name(other), hashes }, 0), 0, other);
  }
});

test("nothing of one message is found in the next", () => {
  const compression = filled();
  compression.begin();
  assert.equal(compression.find(message, 0, name("a.b"), 0), 0);
});

test("what there is no place for is not found, what has one is", () => {
  const compression = filled();
  for (let index = 0; index < 5000; index++) compression.add(Math.imul(index, 0x9e3779b1), 12);
  assert.equal(compression.find(message, 0, name("a.b"), 0), 12);
  assert.equal(compression.find(message, 0, name("c.b"), 0), 17);
});
