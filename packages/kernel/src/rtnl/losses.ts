/**
 * What somebody takes away from a network that stands: links, addresses, routes, rules, a port's place on its bridge, forwarding.
 * Everything that comes, or changes otherwise, is left out by the kernel, so that listening costs who makes networks next to nothing.
 *
 * linux/rtnetlink.h, linux/netconf.h. IPv4 routes that go because their link or address does are not told.
 */
import { attrs } from "../codec/attrs.ts";
import { i32, text, u8, u32 } from "../codec/codec.ts";
import { pad, struct } from "../codec/struct.ts";
import { NETLINK_ROUTE } from "../netlink/constants.ts";
import { type IpVersion, versionOfFamily } from "../netlink/family.ts";
import {
  byteAt,
  type Filter,
  hasNone,
  hasSome,
  host16At,
  host32At,
  is,
  isNot,
  messageType,
  payloadAt,
} from "../netlink/filter.ts";
import type { Message } from "../netlink/message.ts";
import type { Topic } from "../netlink/monitor.ts";
import { addressHeader, RTM_DELADDR } from "./spec/address.ts";
import { IFF_UP, RTM_DELLINK, RTM_NEWLINK } from "./spec/link.ts";
import { linkHeader } from "./spec/link-header.ts";
import { RT_TABLE_LOCAL, RTM_DELROUTE, routeAttributes, routeHeader } from "./spec/route.ts";
import { RTM_DELRULE } from "./spec/rule.ts";

interface Loss {
  /** The number that the listening namespace has for the one where it happened; undefined: in the listening one itself. */
  readonly namespaceId: number | undefined;
}

/** A link was deleted (or moved away), set down, or taken off its bridge. */
export interface LinkLoss extends Loss {
  readonly type: "link-lost";
  readonly loss: "removed" | "down" | "off-bridge";
  readonly index: number;
  readonly name: string;
  /** Not told of a port that was taken off its bridge. */
  readonly alias: string | undefined;
  /** Of a veth: index of its other end, and the number of the namespace where that is, if it is another. */
  readonly peer: number | undefined;
  readonly peerNamespaceId: number | undefined;
}

/** An address of a link, a route that left by it, or a rule (which has no link) was removed. */
export interface ConfigurationLoss extends Loss {
  readonly type: "address-lost" | "route-lost" | "rule-lost";
  readonly link: number | undefined;
}

/** Forwarding was turned off in a whole namespace. */
export interface ForwardingLoss extends Loss {
  readonly type: "forwarding-lost";
  readonly family: IpVersion;
}

export type LossEvent = LinkLoss | ConfigurationLoss | ForwardingLoss;

const AF_BRIDGE = 7;
/** linux/rtnetlink.h: a route that the kernel remembers for one destination. */
const RTM_F_CLONED = 0x200;
const RTM_NEWNETCONF = 80;
const NETCONFA_IFINDEX_ALL = -1;
const NETCONFA_FORWARDING = 2;

/** RTNLGRP_*: LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE, IPV4_NETCONF, IPV6_NETCONF. */
const groups = [1, 5, 7, 8, 9, 11, 19, 24, 25];

const linkFlags = host32At(payloadAt + 8);
const changedFlags = host32At(payloadAt + 12);
const routeTable = byteAt(payloadAt + 4);
const routeFlags = host32At(payloadAt + 8);
// struct netconfmsg is one byte; then NETCONFA_IFINDEX, and behind it the one setting that has changed.
const configuredLink = host32At(payloadAt + 8);
const changedSetting = host16At(payloadAt + 14);
const settingsValue = host32At(payloadAt + 16);

const filter: Filter = [
  [is(messageType, RTM_DELLINK)],
  // A link that is being made is down, too: of that one all flags are said to have changed.
  [
    is(messageType, RTM_NEWLINK),
    hasNone(linkFlags, IFF_UP),
    hasSome(changedFlags, IFF_UP),
    isNot(changedFlags, 0xffff_ffff),
  ],
  [is(messageType, RTM_DELADDR)],
  [is(messageType, RTM_DELROUTE), isNot(routeTable, RT_TABLE_LOCAL), hasNone(routeFlags, RTM_F_CLONED)],
  [is(messageType, RTM_DELRULE)],
  [
    is(messageType, RTM_NEWNETCONF),
    is(configuredLink, NETCONFA_IFINDEX_ALL),
    is(changedSetting, NETCONFA_FORWARDING),
    is(settingsValue, 0),
  ],
];

const configurationHeader = struct({ family: u8, pad: pad(3) });
const configurationAttributes = attrs({ link: [1, i32], forwarding: [NETCONFA_FORWARDING, i32] });

export const lossEvents: Topic<LossEvent> = {
  protocol: NETLINK_ROUTE,
  groups,
  filter,
  decode(message) {
    const { type, payload, namespaceId } = message;
    switch (type) {
      case RTM_DELLINK:
      case RTM_NEWLINK:
        return linkLoss(message);
      case RTM_DELADDR:
        return { type: "address-lost", namespaceId, link: addressHeader.read(payload).index };
      case RTM_DELROUTE: {
        routeHeader.read(payload);
        return { type: "route-lost", namespaceId, link: routeAttributes.read(payload).outputLink };
      }
      case RTM_DELRULE:
        return { type: "rule-lost", namespaceId, link: undefined };
      case RTM_NEWNETCONF: {
        const { family } = configurationHeader.read(payload);
        const { link, forwarding } = configurationAttributes.read(payload);
        if (link !== NETCONFA_IFINDEX_ALL || forwarding !== 0) return undefined;
        return { type: "forwarding-lost", namespaceId, family: versionOfFamily(family) };
      }
      default:
        return undefined;
    }
  },
};

/** Of a link's attributes those few that tell which it was: to read them all takes ten times as long. */
const identity = attrs({ name: [3, text], peer: [5, u32], alias: [20, text], peerNamespaceId: [37, i32] });

function linkLoss({ type, payload, namespaceId }: Message): LinkLoss | undefined {
  const { family, index, flags } = linkHeader.read(payload);
  // Ports that change are told once more, as such.
  if (type === RTM_NEWLINK && (family === AF_BRIDGE || (flags & IFF_UP) !== 0)) return undefined;
  const { name = "", alias, peer, peerNamespaceId } = identity.read(payload);
  const removed = family === AF_BRIDGE ? "off-bridge" : "removed";
  const loss = type === RTM_DELLINK ? removed : "down";
  return { type: "link-lost", loss, namespaceId, index, name, alias, peer, peerNamespaceId };
}
