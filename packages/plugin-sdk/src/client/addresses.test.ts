import assert from "node:assert/strict";
import { test } from "node:test";
import { isAddress, isCidr, isMac } from "./addresses.ts";

test("CIDRs are addresses with a prefix length that their family has", () => {
  for (const text of ["10.0.0.1/0", "10.0.0.1/32", "::/0", "fd00::1/128"])
    assert.equal(isCidr(text), true, text);
  for (const text of [
    "10.0.0.1/33",
    "fd00::1/129",
    "10.0.0.1",
    "10.0.0/8",
    "10.0.0.1/",
    "10.0.0.1/8/8",
    "/8",
    "",
  ])
    assert.equal(isCidr(text), false, text);
  assert.equal(isCidr("10.0.0.1/8", 6), false);
  assert.equal(isCidr("fd00::1/64", 4), false);
});

test("addresses are of the family that is wanted", () => {
  assert.deepEqual(
    [isAddress("10.0.0.1"), isAddress("10.0.0.1", 4), isAddress("10.0.0.1", 6)],
    [true, true, false],
  );
  assert.deepEqual(
    [isAddress("fd00::1"), isAddress("fd00::1", 6), isAddress("fd00::1", 4)],
    [true, true, false],
  );
  assert.equal(isAddress("10.0.0.1/8"), false);
});

test("MACs have six bytes and one kind of separator", () => {
  for (const text of ["02:42:0a:00:00:01", "02-42-0A-00-00-01"]) assert.equal(isMac(text), true, text);
  for (const text of [
    "02:42-0a:00:00:01",
    "02-42:0a:00:00:01",
    "02:42:0a:00:00",
    "02:42:0a:00:00:01:02",
    "0242.0a00.0001",
  ])
    assert.equal(isMac(text), false, text);
});
