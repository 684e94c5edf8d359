import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DecodeError } from "./bytes.ts";
import { bytesToIp, bytesToMac, ipToBytes, macToBytes } from "./inet.ts";

const addressBytes = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // Runs of zeros, which the short form of IPv6 is about.
  fc
    .array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 })
    .map((bytes) => Uint8Array.from(bytes)),
);

describe("internet addresses", () => {
  it("are the same after text", () => {
    fc.assert(fc.property(addressBytes, (bytes) => assert.deepEqual(ipToBytes(bytesToIp(bytes)), bytes)));
  });

  it("are written as the WHATWG URL standard (and so RFC 5952) writes them", () => {
    fc.assert(
      fc.property(
        addressBytes.filter((bytes) => bytes.length === 16),
        (bytes) => {
          const text = bytesToIp(bytes);
          assert.ok(isIPv6(text), text);
          // URLs know no dotted form.
          if (!text.includes(".")) assert.equal(`[${text}]`, new URL(`http://[${text}]/`).hostname);
        },
      ),
    );
  });

  it("are read in every form that is valid", () => {
    for (const [text, canonical] of [
      ["::", "::"],
      ["::1", "::1"],
      ["1::", "1::"],
      ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
      ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
      ["192.0.2.1", "192.0.2.1"],
    ] as const) {
      assert.equal(bytesToIp(ipToBytes(text)), canonical);
    }
  });

  it("are refused otherwise", () => {
    for (const text of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "::1%eth0",
      "1::2::3",
      "192.0.2.0/24",
      "example.org",
    ]) {
      assert.throws(() => ipToBytes(text), TypeError, text);
    }
    assert.throws(() => bytesToIp(new Uint8Array(5)), DecodeError);
  });
});

describe("hardware addresses", () => {
  it("are the same after text", () => {
    const bytes = fc.uint8Array({ minLength: 6, maxLength: 6 });
    fc.assert(fc.property(bytes, (mac) => assert.deepEqual(macToBytes(bytesToMac(mac)), mac)));
    assert.equal(bytesToMac(Uint8Array.of(0, 10, 255)), "00:0a:ff");
  });

  it("are refused otherwise", () => {
    for (const text of ["", "02:42", "02:42:ac:11:00:0g", "02-42-ac-11-00-02", "02:42:ac:11:00:02:03"]) {
      assert.throws(() => macToBytes(text), TypeError, text);
    }
  });
});
