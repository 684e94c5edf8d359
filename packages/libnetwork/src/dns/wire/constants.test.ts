import assert from "node:assert/strict";
import { test } from "node:test";
import {
  opcodeName,
  opcodes,
  rcode,
  rcodeName,
  rcodes,
  recordClass,
  recordClasses,
  recordClassName,
  recordType,
  recordTypeName,
  recordTypes,
} from "./constants.ts";

test("each name has its number, and each number its name", () => {
  for (const [name, type] of Object.entries(recordTypes)) {
    assert.equal(recordTypeName(type), name);
    assert.equal(recordType(name.toLowerCase()), type);
  }
  for (const [name, value] of Object.entries(recordClasses)) {
    assert.equal(recordClassName(value), name);
    assert.equal(recordClass(name), value);
  }
  for (const [name, value] of Object.entries(rcodes)) {
    assert.equal(rcodeName(value), name);
    assert.equal(rcode(name), value);
  }
  for (const [name, value] of Object.entries(opcodes)) assert.equal(opcodeName(value), name);
});

test("what has no name is called by its number (RFC 3597 5)", () => {
  assert.equal(recordTypeName(65280), "TYPE65280");
  assert.equal(recordType("type65280"), 65280);
  assert.equal(recordType("TYPE1"), recordTypes.A);
  assert.equal(recordClassName(32), "CLASS32");
  assert.equal(recordClass("CLASS32"), 32);
  assert.equal(rcodeName(23), "RCODE23");
  assert.equal(opcodeName(7), "OPCODE7");
});

test("what is no name has no number", () => {
  for (const name of ["", "AAA", "TYPE", "TYPE65536", "TYPE-1", "constructor", "__proto__"]) {
    assert.equal(recordType(name), undefined, name);
  }
});
