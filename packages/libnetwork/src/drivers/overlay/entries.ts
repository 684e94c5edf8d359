/**
 * What a network's kernel tables say of endpoints elsewhere: behind which tunnel end a MAC is, and which MAC an address has. Pure.
 */
import { addressOf } from "../../address/cidr.ts";
import { linkLocalAddress } from "../../address/link-local.ts";
import type { EndpointInterface } from "../../contracts/driver.ts";
import type { Peer } from "../../contracts/overlay.ts";

export type Entry =
  /** Frames for the MAC go to this end of a tunnel. */
  | { readonly kind: "mac"; readonly mac: string; readonly hostAddress: string }
  /** Who asks for the address is told the MAC. */
  | { readonly kind: "address"; readonly address: string; readonly mac: string };

export type AddressEntry = Extract<Entry, { kind: "address" }>;

/** What an entry is about; a table has one entry of a key. */
export type EntryKey = string;

const macKey = (mac: string): EntryKey => `mac ${mac}`;
const addressKey = (address: string): EntryKey => `address ${address}`;

export function keyOf(entry: Entry): EntryKey {
  return entry.kind === "mac" ? macKey(entry.mac) : addressKey(entry.address);
}

export function isSameEntry(a: Entry, b: Entry): boolean {
  if (a.kind === "mac") return b.kind === "mac" && a.mac === b.mac && a.hostAddress === b.hostAddress;
  return b.kind === "address" && a.address === b.address && a.mac === b.mac;
}

/** By key, what a peer is to be known by: its MAC, its addresses, and with IPv6 the link-local one that follows from the MAC. */
export function entriesOf({ mac, ipv4, ipv6, hostAddress }: Peer): ReadonlyMap<EntryKey, Entry> {
  const entries: readonly Entry[] = [
    { kind: "mac", mac, hostAddress },
    ...addressesOf(mac, ipv4, ipv6).map((address): Entry => ({ kind: "address", address, mac })),
  ];
  return new Map(entries.map((entry) => [keyOf(entry), entry]));
}

/** Keys of what an endpoint of this host is known by: nobody else's entries may have them. */
export function keysOfOwn(own: EndpointInterface): readonly EntryKey[] {
  return [macKey(own.mac), ...ownAddresses(own).map(keyOf)];
}

/** What its addresses are known by on this host, as a peer's are by entries. */
export function ownAddresses({ mac, ipv4, ipv6 }: EndpointInterface): readonly Entry[] {
  const addresses = addressesOf(mac, ipv4 && addressOf(ipv4), ipv6 && addressOf(ipv6));
  return addresses.map((address) => ({ kind: "address", address, mac }));
}

function addressesOf(mac: string, ipv4: string | undefined, ipv6: string | undefined): readonly string[] {
  const linkLocal = ipv6 === undefined ? undefined : linkLocalAddress(mac);
  return [ipv4, ipv6, linkLocal].filter((address) => address !== undefined);
}
