import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { type Family, IpAddress, ipFromBytes, parseIp, tryParseIp } from "./ip.ts";

const address = fc.oneof(
  fc.bigInt(0n, 2n ** 32n - 1n).map((value) => new IpAddress(4, value)),
  fc.bigInt(0n, 2n ** 128n - 1n).map((value) => new IpAddress(6, value)),
  // Few bits set: long runs of zeros.
  fc.array(fc.integer({ min: 0, max: 127 }), { maxLength: 4 }).map(
    (bits) =>
      new IpAddress(
        6,
        bits.reduce((value, bit) => value | (1n << BigInt(bit)), 0n),
      ),
  ),
);

test("canonical text is RFC 5952's", () => {
  const canonical: Record<string, string> = {
    "0.0.0.0": "0.0.0.0",
    "255.255.255.255": "255.255.255.255",
    "172.30.0.2": "172.30.0.2",
    "::": "::",
    "::1": "::1",
    "1::": "1::",
    "2001:db8::1": "2001:db8::1",
    "2001:0DB8:0:0:0:0:0:0001": "2001:db8::1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:db8::1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "0:0:1::": "0:0:1::",
    "fd00:0:0:0:1:0:0:0": "fd00::1:0:0:0",
    "::ffff:172.30.0.2": "::ffff:172.30.0.2",
    "::FFFF:ac1e:2": "::ffff:172.30.0.2",
    "::172.30.0.2": "::ac1e:2",
    "64:ff9b::192.0.2.33": "64:ff9b::c000:221",
    "1:2:3:4:5:6:192.0.2.33": "1:2:3:4:5:6:c000:221",
  };
  for (const [text, expected] of Object.entries(canonical)) assert.equal(parseIp(text).toString(), expected);
});

test("text that is no address is refused by name", () => {
  const malformed = [
    "",
    " ",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4\n",
    "1..2.3",
    "0x1.2.3.4",
    "1.2.3.4/24",
    "+1.2.3.4",
    "-1.2.3.4",
    "\u0661.2.3.4",
    "12345678",
    ":",
    ":::",
    "1:::2",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    ":1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:",
    "12345::",
    "g::",
    "fe80::1%eth0",
    "[::1]",
    "::1/64",
    "::1.2.3",
    "::1.2.3.256",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::ffff:01.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
  ];
  for (const text of malformed) {
    assert.equal(tryParseIp(text), undefined, text);
    assert.throws(() => parseIp(text), { code: "invalid_address", kind: "invalid", detail: text });
  }
});

test("an address of the other family is refused", () => {
  assert.throws(() => parseIp("1.2.3.4", 6), {
    code: "invalid_address",
    message: /1\.2\.3\.4 is an IPv4 address/,
  });
  assert.throws(() => parseIp("::1", 4), { code: "invalid_address", message: /give an IPv4 address/ });
  assert.equal(parseIp("::1", 6).family, 6);
});

test("bytes are in network order", () => {
  assert.deepEqual(parseIp("172.30.0.2").bytes(), Uint8Array.of(172, 30, 0, 2));
  assert.deepEqual(
    parseIp("fd00:1:2::3").bytes(),
    Uint8Array.of(0xfd, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3),
  );
  const inside = Uint8Array.of(9, 172, 30, 0, 2, 9).subarray(1, 5);
  assert.equal(ipFromBytes(inside).toString(), "172.30.0.2");
  for (const length of [0, 3, 5, 15, 17]) {
    assert.throws(() => ipFromBytes(new Uint8Array(length)), { code: "invalid_address" });
  }
});

test("an address stays inside its family", () => {
  assert.equal(parseIp("10.0.0.255").plus(1n).toString(), "10.0.1.0");
  assert.equal(parseIp("::1").plus(-1n).toString(), "::");
  assert.throws(() => parseIp("255.255.255.255").plus(1n), { code: "invalid_address" });
  assert.throws(() => parseIp("0.0.0.0").plus(-1n), { code: "invalid_address" });
  assert.throws(() => parseIp("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").plus(1n), {
    code: "invalid_address",
  });
  assert.ok(!parseIp("::1").equals(parseIp("0.0.0.1")));
});

test("text and bytes round-trip", () => {
  fc.assert(
    fc.property(address, (ip) => {
      assert.ok(parseIp(ip.toString()).equals(ip));
      assert.ok(ipFromBytes(ip.bytes()).equals(ip));
      assert.equal(net.isIP(ip.toString()), ip.family);
      assert.equal(JSON.stringify({ ip }), `{"ip":"${ip}"}`);
    }),
  );
});

test("IPv6 text is what the URL parser of the platform writes", () => {
  fc.assert(
    fc.property(address, (ip) => {
      fc.pre(ip.family === 6 && ip.value >> 32n !== 0xffffn); // WHATWG leaves the dotted tail out.
      assert.equal(new URL(`http://[${ip}]/`).hostname, `[${ip}]`);
    }),
  );
});

test("accepts exactly what the platform accepts, zones apart", () => {
  const mess = fc.oneof(
    fc.string(),
    fc.ipV4Extended(),
    fc.ipV6(),
    fc
      .array(fc.constantFrom("0", "1", "9", "a", "F", ":", "::", ".", "255", "256", "ffff", "1.2.3.4"), {
        maxLength: 17,
      })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(mess, (text) => {
      const expected: number = text.includes("%") ? 0 : net.isIP(text);
      const family: Family | 0 = tryParseIp(text)?.family ?? 0;
      assert.equal(family, expected, text);
    }),
    { numRuns: 3000 },
  );
});
