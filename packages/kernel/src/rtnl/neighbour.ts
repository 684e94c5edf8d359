/**
 * Neighbours (ARP and IPv6 neighbour discovery): requests that list, add and remove them. RTM_*NEIGH of rtnetlink(7).
 */
import type { ByteReader } from "../codec/bytes.ts";
import { NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/constants.ts";
import { familyOf, familyOfVersion, type IpVersion, versionOfFamily } from "../netlink/family.ts";
import type { Query, Request } from "../netlink/message.ts";
import type { Topic } from "../netlink/monitor.ts";
import {
  AF_BRIDGE,
  NTF_PROXY,
  NTF_ROUTER,
  neighbourAttributes,
  neighbourHeader,
  neighbourStates,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from "./spec/neighbour.ts";

export type NeighbourState = keyof typeof neighbourStates;

export interface NeighbourSettings {
  /** Index of the link that it is on. */
  readonly link: number;
  /** IPv4 or IPv6 text. */
  readonly address: string;
  /** Left out for a proxy entry. */
  readonly mac?: string;
  /** Default: `permanent`. */
  readonly state?: NeighbourState;
  /** IPv6: it is a router. */
  readonly router?: boolean;
  /** The kernel answers on the link for this address. */
  readonly proxy?: boolean;
  /** RTPROT_*: who made it. */
  readonly protocol?: number;
}

/** A neighbour as the kernel shows it. */
export interface Neighbour {
  readonly link: number;
  readonly family: IpVersion;
  readonly address: string;
  /** Undefined while it is being asked for. */
  readonly mac: string | undefined;
  readonly state: NeighbourState;
  readonly router: boolean;
  readonly proxy: boolean;
  readonly protocol: number | undefined;
}

const stateNames = new Map(
  Object.entries(neighbourStates).map(([name, number]) => [number as number, name as NeighbourState]),
);

/** The name of an NUD_* number; `none` for one that has none. */
export const stateName = (number: number): NeighbourState => stateNames.get(number) ?? "none";

function neighbourRequest(
  operation: string,
  type: number,
  flags: number,
  { link, address, mac, state = "permanent", router, proxy, protocol }: NeighbourSettings,
): Request {
  return {
    operation,
    subject: `${address} on link ${link}`,
    type,
    flags,
    body(to) {
      neighbourHeader.write(to, {
        family: familyOf(address),
        link,
        state: neighbourStates[state],
        flags: (router === true ? NTF_ROUTER : 0) | (proxy === true ? NTF_PROXY : 0),
      });
      neighbourAttributes.write(to, {
        address,
        ...(mac === undefined ? {} : { mac }),
        ...(protocol === undefined ? {} : { protocol }),
      });
    },
  };
}

/** Adds a neighbour; EEXIST where the link has one of this address. */
export function add(settings: NeighbourSettings): Request {
  return neighbourRequest("RTM_NEWNEIGH", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, settings);
}

/** Adds a neighbour, or puts it in the place of the one of this address. */
export function replace(settings: NeighbourSettings): Request {
  return neighbourRequest("RTM_NEWNEIGH", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, settings);
}

/** Removes a neighbour; ENOENT where there is none. */
export function remove(settings: Pick<NeighbourSettings, "link" | "address" | "proxy">): Request {
  return neighbourRequest("RTM_DELNEIGH", RTM_DELNEIGH, 0, { ...settings, state: "none" });
}

function decode(payload: ByteReader): Neighbour | undefined {
  const header = neighbourHeader.read(payload);
  // A bridge tells its forwarding entries (fdb.ts) to the same group.
  if (header.family === AF_BRIDGE) return undefined;
  const { address = "", mac, protocol } = neighbourAttributes.read(payload);
  return {
    link: header.link,
    family: versionOfFamily(header.family),
    address,
    mac,
    state: stateName(header.state),
    router: (header.flags & NTF_ROUTER) !== 0,
    proxy: (header.flags & NTF_PROXY) !== 0,
    protocol,
  };
}

export interface NeighbourFilter {
  readonly family?: IpVersion;
  readonly link?: number;
  /** The proxy entries, which a list leaves out otherwise. */
  readonly proxy?: boolean;
}

/** All neighbours, or those of one family or link. */
export function list({ family, link, proxy }: NeighbourFilter = {}): Query<Neighbour | undefined> {
  return {
    operation: "RTM_GETNEIGH",
    subject: link === undefined ? "neighbours" : `neighbours on link ${link}`,
    type: RTM_GETNEIGH,
    flags: 0,
    body(to) {
      neighbourHeader.write(to, { family: familyOfVersion(family), flags: proxy === true ? NTF_PROXY : 0 });
      // In a dump the link's index is an attribute: NDA_IFINDEX.
      if (link !== undefined) neighbourAttributes.write(to, { tunnelLink: link });
    },
    decode,
  };
}

export interface NeighbourEvent {
  readonly type: "neighbour";
  /** `set`: it was added or has changed. */
  readonly change: "set" | "removed";
  readonly neighbour: Neighbour;
}

const RTNLGRP_NEIGH = 3;

/** Neighbours that come, change and go. */
export const events: Topic<NeighbourEvent> = {
  protocol: NETLINK_ROUTE,
  groups: [RTNLGRP_NEIGH],
  decode({ type, payload }) {
    if (type !== RTM_NEWNEIGH && type !== RTM_DELNEIGH) return undefined;
    const neighbour = decode(payload);
    if (neighbour === undefined) return undefined;
    return { type: "neighbour", change: type === RTM_NEWNEIGH ? "set" : "removed", neighbour };
  },
};
