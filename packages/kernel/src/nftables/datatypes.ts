/**
 * nftables' data types (nft(8), "DATA TYPES") in both of their forms: the text that libnftables reads and the bytes
 * that the kernel compares. A key of several parts is a concatenation: each part fills a multiple of 4 bytes.
 */
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { bytesToIp, bytesToMac, ipToBytes, macToBytes } from "../codec/inet.ts";
import { protocolNumbers } from "../netlink/netfilter.ts";

interface DataType {
  /** As in a command. */
  text(value: string): string;
  /** As in a packet's register. */
  write(to: ByteWriter, value: string): void;
  /** The value again: of a number that we have no name for, the number. */
  read(from: ByteReader): string;
}

/** IFNAMSIZ of linux/if.h. */
const interfaceNameSize = 16;

// linux/netfilter.h
const familyNumbers: Readonly<Record<string, number>> = { ipv4: 2, ipv6: 10 };

function numberOf(names: Readonly<Record<string, number>>, value: string): number {
  const number = names[value];
  if (number === undefined) throw new TypeError(`"${value}" is none of ${Object.keys(names).join(", ")}`);
  return number;
}

function nameOf(names: Readonly<Record<string, number>>, number: number): string {
  return Object.keys(names).find((name) => names[name] === number) ?? String(number);
}

const readIpv4 = (from: ByteReader) => bytesToIp(from.raw(4));
const readIpv6 = (from: ByteReader) => bytesToIp(from.raw(16));

/** Elements come in runs about one endpoint: the address that was taken apart last is often the next one too. */
let lastAddress = { text: "", bytes: new Uint8Array() };

function addressBytes(text: string): Uint8Array {
  if (lastAddress.text !== text) lastAddress = { text, bytes: Uint8Array.from(ipToBytes(text)) };
  return lastAddress.bytes;
}

const asIs = (value: string) => value;

export const dataTypes = {
  ifname: {
    // The text form has no escapes: nft would take `"` for the end of the name and `*` for any name that begins so.
    text(value) {
      if (/["*\\\s]/.test(value))
        throw new TypeError(`${JSON.stringify(value)} cannot be used as an interface name in nftables`);
      return `"${value}"`;
    },
    write(to, value) {
      const bytes = Buffer.byteLength(value);
      if (bytes >= interfaceNameSize)
        throw new TypeError(`"${value}" is longer than an interface's name can be`);
      to.cString(value);
      to.reserve(interfaceNameSize - bytes - 1);
    },
    read: (from) => from.slice(interfaceNameSize).cString(),
  },
  ether_addr: {
    text: asIs,
    write: (to, value) => to.raw(macToBytes(value)),
    read: (from) => bytesToMac(from.raw(6)),
  },
  ipv4_addr: { text: asIs, write: (to, value) => to.raw(addressBytes(value)), read: readIpv4 },
  ipv6_addr: { text: asIs, write: (to, value) => to.raw(addressBytes(value)), read: readIpv6 },
  inet_proto: {
    text: asIs,
    write: (to, value) => to.u8(numberOf(protocolNumbers, value)),
    read: (from) => nameOf(protocolNumbers, from.u8()),
  },
  inet_service: {
    text: asIs,
    write: (to, value) => to.u16be(Number(value)),
    read: (from) => String(from.u16be()),
  },
  nf_proto: {
    text: asIs,
    write: (to, value) => to.u8(numberOf(familyNumbers, value)),
    read: (from) => nameOf(familyNumbers, from.u8()),
  },
  /** A number where nft knows only 32 bits of payload (`@th,96,32`). */
  raw_u32: {
    text: (value) => `0x${Number(value).toString(16).padStart(8, "0")}`,
    write: (to, value) => to.u32be(Number(value)),
    read: (from) => String(from.u32be()),
  },
  /** An IPv6 address where nft knows only 128 bits of payload (`@th,64,128`). */
  raw_ipv6: {
    text: (value) => `0x${Buffer.from(ipToBytes(value)).toString("hex")}`,
    write: (to, value) => to.raw(addressBytes(value)),
    read: readIpv6,
  },
} as const satisfies Readonly<Record<string, DataType>>;

export type NftDataType = keyof typeof dataTypes;

/** The text of a key or of a map's data: `tcp . 192.0.2.1 . 80`. */
export function dataText(types: readonly NftDataType[], parts: readonly string[]): string {
  return types.map((type, at) => dataTypes[type].text(partAt(types, parts, at))).join(" . ");
}

/** The bytes of a key or of a map's data. */
export function writeData(to: ByteWriter, types: readonly NftDataType[], parts: readonly string[]): void {
  for (const [at, type] of types.entries()) {
    dataTypes[type].write(to, partAt(types, parts, at));
    if (types.length > 1) to.align(4);
  }
}

/** The parts of a key or of a map's data again. */
export function readData(from: ByteReader, types: readonly NftDataType[]): readonly string[] {
  return types.map((type) => {
    const before = from.remaining;
    const value = dataTypes[type].read(from);
    from.skip(Math.min(-(before - from.remaining) & 3, from.remaining));
    return value;
  });
}

function partAt(types: readonly NftDataType[], parts: readonly string[], at: number): string {
  const part = parts[at];
  if (part === undefined || parts.length !== types.length) {
    throw new TypeError(`${parts.join(" . ")} has not the ${types.length} parts of ${types.join(" . ")}`);
  }
  return part;
}
