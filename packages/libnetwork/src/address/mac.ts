/**
 * MAC addresses (EUI-48, IEEE 802). Between rooms they travel as canonical text: `02:42:ac:1e:00:02`.
 */
import { invalid } from "../errors.ts";
import type { IpAddress } from "./ip.ts";
import { pooledRandomBytes } from "./random.ts";

/** Bits of the first byte: a group of stations; given by an administrator rather than by a maker. */
const groupBit = 0x01;
const locallyAdministeredBit = 0x02;

/**
 * Reads six pairs of hexadecimal digits, all parted by `:` or all by `-`.
 *
 * @throws invalid_mac
 */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i.test(text)) {
    throw invalid(
      "invalid_mac",
      `${JSON.stringify(text)} is not a MAC address: write six pairs of hexadecimal digits, like 02:42:ac:1e:00:02`,
      text,
    );
  }
  return Uint8Array.from(text.split(/[:-]/), (pair) => Number.parseInt(pair, 16));
}

/** Canonical text: lower case, parted by colons. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** True for group addresses, the broadcast address among them: no interface can have one. */
export function isMulticastMac(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & groupBit) !== 0;
}

/**
 * The canonical text of an address that an interface can have.
 *
 * @throws invalid_mac for what is malformed or all zeros, multicast_mac for group addresses.
 */
export function unicastMac(text: string): string {
  const bytes = parseMac(text);
  if (isMulticastMac(bytes)) {
    throw invalid(
      "multicast_mac",
      `${text} is a multicast MAC address, which no interface can have: make the second digit even, like 02:42:ac:1e:00:02`,
      text,
    );
  }
  if (bytes.every((byte) => byte === 0)) {
    throw invalid("invalid_mac", `${text} is the empty MAC address: give another one or leave it out`, text);
  }
  return formatMac(bytes);
}

/** A random unicast address, locally administered so that it meets no maker's. */
export function randomMac(): string {
  const bytes = pooledRandomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & ~groupBit) | locallyAdministeredBit;
  return formatMac(bytes);
}

/**
 * `02:42` and the four bytes of an IPv4 address, as Docker does: the same address has the same MAC again, so that a
 * neighbour's ARP entry still holds when an address moves to a new sandbox.
 */
export function macFromIpv4(address: IpAddress): string {
  if (address.family !== 4)
    throw invalid("invalid_address", `${address} is not an IPv4 address`, address.toString());
  return formatMac(Uint8Array.of(0x02, 0x42, ...address.bytes()));
}
