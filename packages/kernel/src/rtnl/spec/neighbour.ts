/**
 * Neighbours and bridge forwarding entries on the wire: linux/neighbour.h (struct ndmsg, NDA_*, NUD_*, NTF_*).
 */
import { type AttributeTable, type AttrsValue, attrs } from "../../codec/attrs.ts";
import { i32, u8, u16, u16be, u32 } from "../../codec/codec.ts";
import { ip, mac } from "../../codec/inet.ts";
import { pad, struct } from "../../codec/struct.ts";

export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;

/** Family of the requests about a bridge's forwarding entries. */
export const AF_BRIDGE = 7;

/** NUD_*: how sure the kernel is of an entry. */
export const neighbourStates = {
  none: 0,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  /** Never asked for: the link knows no neighbours. */
  noarp: 0x40,
  /** Set by hand; it never changes. */
  permanent: 0x80,
} as const;

/** NTF_*. */
export const NTF_SELF = 0x02;
export const NTF_MASTER = 0x04;
export const NTF_PROXY = 0x08;
export const NTF_EXT_LEARNED = 0x10;
export const NTF_STICKY = 0x40;
export const NTF_ROUTER = 0x80;

export const neighbourHeader = struct({
  family: u8,
  pad: pad(3),
  link: i32,
  state: u16,
  flags: u8,
  type: u8,
});

const table = {
  /** The neighbour's address; of a VXLAN's forwarding entry, the tunnel's other end. */
  address: [1, ip],
  mac: [2, mac],
  /** Ages in hundredths of a second (USER_HZ). */
  cacheInfo: [3, struct({ confirmed: u32, used: u32, updated: u32, references: u32 })],
  /** How often it was asked for in vain. */
  probes: [4, u32],
  vlan: [5, u16],
  /** UDP port of the tunnel's other end. */
  port: [6, u16be],
  /** VXLAN network identifier, where it is another than the device's. */
  vni: [7, u32],
  /** Index of the link that the tunnel's packets leave by. */
  tunnelLink: [8, u32],
  /** Index of the bridge. */
  master: [9, u32],
  linkNamespaceId: [10, i32],
  sourceVni: [11, u32],
  /** RTPROT_*: who made the entry. */
  protocol: [12, u8],
  extendedFlags: [15, u32],
} as const satisfies AttributeTable;

export interface NeighbourAttributes extends AttrsValue<typeof table> {}
export const neighbourAttributes = attrs(table);
