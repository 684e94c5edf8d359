import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CausewayError } from "../errors.ts";
import { Cidr, parseCidr, parseSubnet } from "./cidr.ts";
import { IpAddress, parseIp } from "./ip.ts";

const cidr = fc.oneof(
  fc
    .tuple(fc.bigInt(0n, 2n ** 32n - 1n), fc.integer({ min: 0, max: 32 }))
    .map(([v, n]) => new Cidr(new IpAddress(4, v), n)),
  fc
    .tuple(fc.bigInt(0n, 2n ** 128n - 1n), fc.integer({ min: 0, max: 128 }))
    .map(([v, n]) => new Cidr(new IpAddress(6, v), n)),
);
/** In a small corner, so that pairs often overlap. */
const nearbyCidr = fc
  .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 26, max: 32 }))
  .map(([low, prefixLength]) => new Cidr(parseIp("10.0.0.0").plus(BigInt(low)), prefixLength));

test("an interface's address knows its subnet", () => {
  const address = parseCidr("172.30.5.2/16");
  assert.equal(address.toString(), "172.30.5.2/16");
  assert.equal(address.family, 4);
  assert.equal(address.hostBits, 16);
  assert.equal(address.size, 65536n);
  assert.equal(address.isSubnet, false);
  assert.equal(address.subnet.toString(), "172.30.0.0/16");
  assert.equal(address.first.toString(), "172.30.0.0");
  assert.equal(address.last.toString(), "172.30.255.255");
  assert.ok(address.subnet.equals(parseSubnet("172.30.0.0/16")));
  assert.ok(!address.equals(address.subnet));
});

test("the widest and the narrowest", () => {
  assert.equal(parseSubnet("::/0").size, 2n ** 128n);
  assert.equal(parseSubnet("::/0").last.toString(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  assert.equal(parseSubnet("0.0.0.0/0").last.toString(), "255.255.255.255");
  assert.equal(parseSubnet("10.0.0.1/32").size, 1n);
  assert.equal(parseSubnet("FD00:0::/64").toString(), "fd00::/64");
});

test("text that is no CIDR is refused by name", () => {
  const malformed = [
    "",
    "/",
    "172.30.0.0",
    "172.30.0.0/",
    "/24",
    "172.30.0.0/33",
    "::/129",
    "172.30.0.0/024",
    "172.30.0.0/+4",
    "172.30.0.0/2 4",
    "172.30.0.0/24/24",
    "172.30.0/24",
    "172.30.0.0/-1",
    "172.30.0.0/1e1",
    "172.30.0.0/24\n",
    "172.30.0.0/99999999999999999999",
    "fe80::%eth0/64",
    "172.30.0.0/255.255.255.0",
  ];
  for (const text of malformed) {
    assert.throws(() => parseCidr(text), { code: "invalid_subnet", kind: "invalid" }, text);
  }
  assert.throws(() => parseCidr("10.0.0.0/8", 6), { code: "invalid_subnet", message: /give an IPv6 subnet/ });
});

test("host bits in a subnet are refused with the right form", () => {
  assert.throws(() => parseSubnet("172.30.0.5/24"), {
    code: "subnet_host_bits",
    message: /the subnet is 172\.30\.0\.0\/24/,
  });
  assert.throws(() => parseSubnet("fd00::1/64"), {
    code: "subnet_host_bits",
    message: /the subnet is fd00::\/64/,
  });
});

test("text round-trips, and host bits are kept", () => {
  fc.assert(
    fc.property(cidr, (value) => {
      assert.ok(parseCidr(value.toString()).equals(value));
      assert.ok(parseSubnet(value.subnet.toString()).equals(value.subnet));
      assert.equal(JSON.stringify([value]), `["${value}"]`);
    }),
  );
});

test("first, last and size agree, and contain what lies between", () => {
  fc.assert(
    fc.property(cidr, (value) => {
      assert.equal(value.last.value - value.first.value + 1n, value.size);
      assert.ok(value.contains(value.first) && value.contains(value.last) && value.contains(value.address));
      const limit = 1n << (value.family === 4 ? 32n : 128n);
      if (value.first.value > 0n) assert.ok(!value.contains(value.first.plus(-1n)));
      if (value.last.value + 1n < limit) assert.ok(!value.contains(value.last.plus(1n)));
    }),
  );
});

test("covering and overlapping are those of the sets of addresses", () => {
  const members = (value: Cidr): Set<bigint> =>
    new Set(Array.from({ length: Number(value.size) }, (_, i) => value.first.value + BigInt(i)));
  fc.assert(
    fc.property(nearbyCidr, nearbyCidr, (a, b) => {
      assert.equal(a.overlaps(b), !members(a).isDisjointFrom(members(b)));
      assert.equal(a.covers(b), members(b).isSubsetOf(members(a)));
    }),
  );
});

test("families never overlap", () => {
  assert.ok(!parseCidr("0.0.0.0/0").overlaps(parseCidr("::/0")));
  assert.ok(!parseCidr("::/0").contains(parseIp("1.2.3.4")));
});

test("any other text is an error of ours or a CIDR", () => {
  const mess = fc.array(fc.constantFrom("1", "10", ".", "/", ":", "::", "f", "24", "-", " "), {
    maxLength: 14,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        mess.map((parts) => parts.join("")),
      ),
      (text) => {
        try {
          assert.ok(parseCidr(parseCidr(text).toString()));
        } catch (error) {
          assert.ok(error instanceof CausewayError && error.code === "invalid_subnet");
        }
      },
    ),
    { numRuns: 2000 },
  );
});
