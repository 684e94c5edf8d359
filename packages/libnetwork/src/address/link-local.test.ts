import assert from "node:assert/strict";
import { test } from "node:test";
import { linkLocalAddress } from "./link-local.ts";

test("a MAC's link-local address is that of RFC 4291, appendix A", () => {
  assert.equal(linkLocalAddress("02:42:ac:11:00:02"), "fe80::42:acff:fe11:2");
  assert.equal(linkLocalAddress("34:56:78:9a:bc:de"), "fe80::3656:78ff:fe9a:bcde");
});
