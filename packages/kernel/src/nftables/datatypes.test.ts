import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ByteWriter } from "../codec/bytes.ts";
import { dataText, type NftDataType, writeData } from "./datatypes.ts";

function bytes(types: readonly NftDataType[], parts: readonly string[]): string {
  const to = new ByteWriter();
  writeData(to, types, parts);
  return to.bytes.toString("hex");
}

describe("nftables data", () => {
  it("is padded part by part where there are several", () => {
    assert.equal(bytes(["inet_service"], ["8080"]), "1f90");
    assert.equal(
      bytes(["inet_proto", "ipv4_addr", "inet_service"], ["tcp", "192.0.2.1", "80"]),
      "06000000c000020100500000",
    );
    assert.equal(
      bytes(["ether_addr", "nf_proto"], ["02:00:00:00:00:01", "ipv6"]),
      "02000000000100000a000000",
    );
  });

  it("has interface names of sixteen bytes", () => {
    assert.equal(bytes(["ifname"], ["eth0"]), "65746830".padEnd(32, "0"));
    assert.equal(bytes(["ifname"], ["a23456789012345"]).length, 32);
    assert.throws(() => bytes(["ifname"], ["a234567890123456"]), /longer/);
  });

  it("is text as nft reads it", () => {
    assert.equal(
      dataText(["ifname", "raw_ipv6", "inet_service"], ["eth0", "fe80::1", "53"]),
      '"eth0" . 0xfe800000000000000000000000000001 . 53',
    );
  });

  it("has numbers of which nft knows only where in the packet they are", () => {
    assert.equal(bytes(["inet_service", "raw_u32"], ["4789", "1048832"]), "12b5000000100100");
    assert.equal(dataText(["inet_service", "raw_u32"], ["4789", "1048832"]), "4789 . 0x00100100");
  });

  it("refuses what has too few or too many parts, and unknown names", () => {
    assert.throws(() => dataText(["ifname", "ipv4_addr"], ["eth0"]), /2 parts/);
    assert.throws(() => bytes(["inet_service"], ["1", "2"]), /1 parts/);
    assert.throws(() => bytes(["inet_proto"], ["gre"]), /none of/);
    assert.throws(() => dataText(["ifname"], ['"']), TypeError);
  });
});
