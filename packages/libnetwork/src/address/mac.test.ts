import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseIp } from "./ip.ts";
import { formatMac, isMulticastMac, macFromIpv4, parseMac, randomMac, unicastMac } from "./mac.ts";
import { pooledRandomBytes } from "./random.ts";

const bytes = fc.uint8Array({ minLength: 6, maxLength: 6 });

test("text round-trips, with colons or dashes, in either case", () => {
  fc.assert(
    fc.property(bytes, (mac) => {
      const text = formatMac(mac);
      assert.match(text, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      assert.deepEqual(parseMac(text), mac);
      assert.deepEqual(parseMac(text.toUpperCase().replaceAll(":", "-")), mac);
    }),
  );
});

test("text that is no MAC address is refused by name", () => {
  const malformed = [
    "",
    "02:42:ac:1e:00",
    "02:42:ac:1e:00:02:03",
    "02:42:ac:1e:00:2",
    "0242ac1e0002",
    "0242.ac1e.0002",
    "02:42:ac-1e:00:02",
    "02:42:ac:1e:00:0g",
    "02:42:ac:1e:00:02\n",
    " 02:42:ac:1e:00:02",
    "02::42:ac:1e:00:02",
  ];
  for (const text of malformed) {
    assert.throws(() => parseMac(text), { code: "invalid_mac", kind: "invalid", detail: text }, text);
  }
});

test("an interface's address is neither multicast nor empty", () => {
  assert.equal(unicastMac("02-42-AC-1E-00-02"), "02:42:ac:1e:00:02");
  for (const group of ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01", "03:42:ac:1e:00:02"]) {
    assert.throws(() => unicastMac(group), { code: "multicast_mac", message: new RegExp(group) });
    assert.ok(isMulticastMac(parseMac(group)));
  }
  assert.throws(() => unicastMac("00:00:00:00:00:00"), { code: "invalid_mac" });
});

test("a random address is unicast, locally administered, and another one each time", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const mac = randomMac();
    assert.equal((parseMac(mac)[0] ?? 0) & 0x03, 0x02, mac);
    assert.equal(unicastMac(mac), mac);
    seen.add(mac);
  }
  assert.equal(seen.size, 2000);
});

test("an IPv4 address makes Docker's MAC address", () => {
  assert.equal(macFromIpv4(parseIp("172.30.0.2")), "02:42:ac:1e:00:02");
  assert.throws(() => macFromIpv4(parseIp("fd00::2")), { code: "invalid_address" });
});

test("pooled random bytes are never handed out twice and belong to the caller", () => {
  const first = pooledRandomBytes(16);
  const copy = first.slice();
  const seen = new Set([Buffer.from(first).toString("hex")]);
  for (let i = 0; i < 1000; i++) seen.add(Buffer.from(pooledRandomBytes(16)).toString("hex"));
  assert.equal(seen.size, 1001);
  assert.deepEqual(first, copy);
  assert.equal(pooledRandomBytes(4096).length, 4096);
  assert.throws(() => pooledRandomBytes(4097), RangeError);
});
