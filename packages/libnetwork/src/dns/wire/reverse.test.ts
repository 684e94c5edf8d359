import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IpAddress, parseIp } from "../../address/ip.ts";
import { addressOfName, reverseName } from "./reverse.ts";

test("the RFCs' own examples", () => {
  // RFC 1035 3.5 and RFC 3596 2.5.
  assert.equal(reverseName(parseIp("10.2.0.52")), "52.0.2.10.in-addr.arpa");
  const name = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa";
  assert.equal(reverseName(parseIp("4321:0:1:2:3:4:567:89ab")), name);
  assert.equal(addressOfName(name.toUpperCase())?.toString(), "4321:0:1:2:3:4:567:89ab");
});

test("every address has a name, and the name the address", () => {
  const address = fc.oneof(
    fc.bigInt(0n, 2n ** 32n - 1n).map((value) => new IpAddress(4, value)),
    fc.bigInt(0n, 2n ** 128n - 1n).map((value) => new IpAddress(6, value)),
  );
  fc.assert(
    fc.property(address, (ip) => {
      const name = reverseName(ip);
      assert.equal(addressOfName(name)?.toString(), ip.toString());
    }),
  );
});

test("other names are no addresses", () => {
  for (const name of [
    "",
    "in-addr.arpa",
    "2.10.in-addr.arpa",
    "1.2.3.4.5.in-addr.arpa",
    "256.2.3.4.in-addr.arpa",
    "01.2.3.4.in-addr.arpa",
    "1.2.3.4.in-addr.arpa.example.org",
    "1.2.3.4.in-addr-arpa",
    `${"1.".repeat(31)}ip6.arpa`,
    `${"1.".repeat(33)}ip6.arpa`,
    `g.${"1.".repeat(31)}ip6.arpa`,
    `11.${"1.".repeat(30)}ip6.arpa`,
  ]) {
    assert.equal(addressOfName(name), undefined, name);
  }
});
