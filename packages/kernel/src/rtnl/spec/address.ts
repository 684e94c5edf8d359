/**
 * Addresses on the wire: linux/if_addr.h (struct ifaddrmsg, IFA_*).
 */
import { type AttributeTable, type AttrsValue, attrs } from "../../codec/attrs.ts";
import { text, u8, u32 } from "../../codec/codec.ts";
import { ip } from "../../codec/inet.ts";
import { struct } from "../../codec/struct.ts";

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_GETMULTICAST = 58;

export const IFA_F_NODAD = 0x02;
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_TENTATIVE = 0x40;
export const IFA_F_PERMANENT = 0x80;
export const IFA_F_NOPREFIXROUTE = 0x200;

export const addressHeader = struct({ family: u8, prefixLength: u8, flags: u8, scope: u8, index: u32 });

const table = {
  /** The peer's address on a point-to-point link, otherwise the same as `local`. */
  address: [1, ip],
  local: [2, ip],
  label: [3, text],
  broadcast: [4, ip],
  /** Lifetimes in seconds, times since boot in hundredths of a second. */
  cacheInfo: [6, struct({ preferred: u32, valid: u32, created: u32, updated: u32 })],
  /** IFA_F_*; wider than the header's field of that name. */
  addressFlags: [8, u32],
  /** Metric of the route that comes with the address. */
  routePriority: [9, u32],
} as const satisfies AttributeTable;

export interface AddressAttributes extends AttrsValue<typeof table> {}
export const addressAttributes = attrs(table);

/** Of an answer to RTM_GETMULTICAST, which has the header of an address. */
export const groupAttributes = attrs({ group: [7, ip] });
