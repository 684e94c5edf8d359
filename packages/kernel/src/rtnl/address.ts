/**
 * Addresses of links: requests that list, add and remove them. RTM_*ADDR of rtnetlink(7).
 */
import type { ByteReader } from "../codec/bytes.ts";
import { NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/constants.ts";
import { familyOf, familyOfVersion, type IpVersion } from "../netlink/family.ts";
import type { Query, Request } from "../netlink/message.ts";
import type { Topic } from "../netlink/monitor.ts";
import { AF_INET6 } from "../sys/socket.ts";
import {
  type AddressAttributes,
  addressAttributes,
  addressHeader,
  groupAttributes,
  IFA_F_NODAD,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_GETMULTICAST,
  RTM_NEWADDR,
} from "./spec/address.ts";

/** The flag of addresses that do not expire. */
export { IFA_F_PERMANENT as permanent } from "./spec/address.ts";
/** The scope of addresses that mean something on their link only. */
export { RT_SCOPE_LINK as linkScope } from "./spec/route.ts";

/** What an address is to a link. */
export interface AddressSettings {
  /** Index of the link. */
  readonly link: number;
  /** IPv4 or IPv6 text. */
  readonly address: string;
  readonly prefixLength: number;
  /** Address of the other end of a point-to-point link; default: there is none. */
  readonly peer?: string;
  /** IPv4 broadcast address; default: none is set. */
  readonly broadcast?: string;
  /** IPv4: the link's name, or that and `:anything`. Default: the link's name. */
  readonly label?: string;
  /** Metric of the route that comes with the address. Default: as of any route. */
  readonly metric?: number;
  /** Seconds until it is gone (valid) and until new connections avoid it (preferred). Default: for ever. */
  readonly lifetime?: { readonly valid: number; readonly preferred: number };
  /** IFA_F_*. Default: IFA_F_NODAD for IPv6, so that the address can be used at once (RFC 4862 section 5.4 is skipped). */
  readonly flags?: number;
  /** RT_SCOPE_*: 0 global (default), {@link linkScope}, 254 host. */
  readonly scope?: number;
}

/** An address as the kernel shows it. */
export interface Address {
  readonly link: number;
  readonly family: number;
  readonly address: string;
  readonly prefixLength: number;
  readonly peer: string | undefined;
  readonly broadcast: string | undefined;
  readonly flags: number;
  readonly scope: number;
  readonly label: string | undefined;
  readonly metric: number | undefined;
  /** Undefined: for ever. */
  readonly lifetime: { readonly valid: number; readonly preferred: number } | undefined;
}

function addressRequest(operation: string, type: number, flags: number, settings: AddressSettings): Request {
  const {
    link,
    address,
    prefixLength,
    peer = address,
    broadcast,
    label,
    metric,
    lifetime,
    scope = 0,
  } = settings;
  const family = familyOf(address);
  const addressFlags = settings.flags ?? (family === AF_INET6 ? IFA_F_NODAD : 0);
  const attributes: AddressAttributes = {
    local: address,
    address: peer,
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(label === undefined ? {} : { label }),
    ...(metric === undefined ? {} : { routePriority: metric }),
    ...(lifetime === undefined ? {} : { cacheInfo: lifetime }),
    ...(addressFlags === 0 ? {} : { addressFlags }),
  };
  return {
    operation,
    subject: `${address}/${prefixLength} on link ${link}`,
    type,
    flags,
    body(to) {
      addressHeader.write(to, { family, prefixLength, scope, index: link });
      addressAttributes.write(to, attributes);
    },
  };
}

/** Adds an address; EEXIST where the link has it. */
export function add(settings: AddressSettings): Request {
  return addressRequest("RTM_NEWADDR", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, settings);
}

/** Adds an address, or changes the flags of one that is there. */
export function replace(settings: AddressSettings): Request {
  return addressRequest("RTM_NEWADDR", RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, settings);
}

/** Removes an address; EADDRNOTAVAIL where the link has not got it. */
export function remove(
  settings: Pick<AddressSettings, "link" | "address" | "prefixLength" | "peer">,
): Request {
  return addressRequest("RTM_DELADDR", RTM_DELADDR, 0, { ...settings, flags: 0 });
}

/** A lifetime without end. */
const forever = 0xffff_ffff;

function decode(payload: ByteReader): Address {
  const header = addressHeader.read(payload);
  const attributes = addressAttributes.read(payload);
  const { local, cacheInfo } = attributes;
  return {
    link: header.index,
    family: header.family,
    address: local ?? attributes.address ?? "",
    prefixLength: header.prefixLength,
    peer: local === attributes.address || local === undefined ? undefined : attributes.address,
    broadcast: attributes.broadcast,
    flags: attributes.addressFlags ?? header.flags,
    scope: header.scope,
    label: attributes.label,
    metric: attributes.routePriority,
    lifetime:
      cacheInfo === undefined || cacheInfo.valid === forever
        ? undefined
        : { valid: cacheInfo.valid ?? 0, preferred: cacheInfo.preferred ?? 0 },
  };
}

export interface AddressFilter {
  readonly link?: number;
  readonly family?: IpVersion;
}

/** All addresses, or those of one link or family. */
export function list({ link, family }: AddressFilter = {}): Query<Address> {
  return {
    operation: "RTM_GETADDR",
    subject: link === undefined ? "all addresses" : `addresses of link ${link}`,
    type: RTM_GETADDR,
    flags: 0,
    body: (to) => addressHeader.write(to, { family: familyOfVersion(family), index: link ?? 0 }),
    decode,
  };
}

export interface AddressEvent {
  readonly type: "address";
  /** `set`: it was added or has changed. */
  readonly change: "set" | "removed";
  readonly address: Address;
}

const RTNLGRP_IPV4_IFADDR = 5;
const RTNLGRP_IPV6_IFADDR = 9;

/** Addresses that come, change and go. */
export const events: Topic<AddressEvent> = {
  protocol: NETLINK_ROUTE,
  groups: [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR],
  decode({ type, payload }) {
    if (type !== RTM_NEWADDR && type !== RTM_DELADDR) return undefined;
    return { type: "address", change: type === RTM_NEWADDR ? "set" : "removed", address: decode(payload) };
  },
};

/** The IPv6 multicast groups that a link has joined. */
export function groups(link: number): Query<string> {
  return {
    operation: "RTM_GETMULTICAST",
    subject: `multicast groups of link ${link}`,
    type: RTM_GETMULTICAST,
    flags: 0,
    body: (to) => addressHeader.write(to, { family: AF_INET6, index: link }),
    decode(payload) {
      addressHeader.read(payload);
      return groupAttributes.read(payload).group ?? "";
    },
  };
}
