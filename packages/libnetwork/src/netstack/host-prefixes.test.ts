import assert from "node:assert/strict";
import { test } from "node:test";
import { nameServerPrefixes } from "./host-prefixes.ts";

test("name servers of resolv.conf, each by its own address", () => {
  const text = `
# nameserver 192.0.2.99
search example.org
nameserver 192.0.2.53
  nameserver\tfd00::53 trailing words
nameserver fe80::1%eth0
nameserver not-an-address
nameserver
`;
  assert.deepEqual(nameServerPrefixes(text), ["192.0.2.53/32", "fd00::53/128"]);
  assert.deepEqual(nameServerPrefixes(""), []);
});
