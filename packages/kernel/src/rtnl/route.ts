/**
 * Routes: requests that list, look up, add, replace and remove them. RTM_*ROUTE of rtnetlink(7).
 */
import type { ByteReader } from "../codec/bytes.ts";
import { NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/constants.ts";
import {
  familyOf,
  familyOfVersion,
  type IpVersion,
  parsePrefix,
  versionOfFamily,
} from "../netlink/family.ts";
import type { Query, Request } from "../netlink/message.ts";
import type { Topic } from "../netlink/monitor.ts";
import { AF_INET } from "../sys/socket.ts";
import {
  type MultipathHop,
  type RouteAttributes,
  type RouteMetrics,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTNH_F_ONLINK,
  RTPROT_BOOT,
  routeAttributes,
  routeHeader,
  routeTypes,
} from "./spec/route.ts";

/** Numbers of the kernel's own tables. */
export { RT_TABLE_LOCAL as localTable, RT_TABLE_MAIN as mainTable } from "./spec/route.ts";

export type RouteType = keyof typeof routeTypes;

/** One way of several that a route's packets take. */
export interface NextHop {
  /** Of either family: an IPv4 route can go by an IPv6 router. */
  readonly gateway?: string;
  /** Index of the link that it leaves by. */
  readonly link?: number;
  /** The gateway is on the link although no address of the link says so. */
  readonly onLink?: boolean;
  /** Share of the traffic: 1 (default) to 256. */
  readonly weight?: number;
}

export interface RouteSettings extends Omit<NextHop, "weight"> {
  /** CIDR; `default` with `family` for the default route. */
  readonly destination: string;
  /** Needed for a default route without gateway. Default: the destination's or the gateway's. */
  readonly family?: IpVersion;
  /** Several ways to share the traffic among, instead of `gateway` and `link`. */
  readonly nextHops?: readonly NextHop[];
  /** Metric: the lower wins. Default: 0 for IPv4, 1024 for IPv6. */
  readonly priority?: number;
  /** Default: `unicast`. */
  readonly type?: RouteType;
  /** Routing table, default: {@link mainTable}. */
  readonly table?: number;
  /** Source address for what the machine itself sends. */
  readonly preferredSource?: string;
  /** RT_SCOPE_*. Default: link where there is no gateway, otherwise universe. */
  readonly scope?: number;
  readonly mtu?: number;
  readonly advertisedMss?: number;
  /** More path metrics than the two above. */
  readonly metrics?: RouteMetrics;
  /** RTPROT_*: who made it. Default: boot. */
  readonly protocol?: number;
}

/** A route as the kernel shows it. */
export interface Route {
  readonly family: IpVersion;
  /** CIDR, or `default`. */
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly link: number | undefined;
  /** Empty where there is one way, which `gateway` and `link` say. */
  readonly nextHops: readonly NextHop[];
  readonly priority: number | undefined;
  readonly type: RouteType;
  readonly table: number;
  readonly preferredSource: string | undefined;
  readonly scope: number;
  readonly protocol: number;
  readonly onLink: boolean;
  readonly mtu: number | undefined;
  readonly metrics: RouteMetrics;
}

const typeNames = new Map(
  Object.entries(routeTypes).map(([name, number]) => [number as number, name as RouteType]),
);

function familyFor({ destination, gateway, family }: RouteSettings): number {
  if (family !== undefined) return familyOfVersion(family);
  return familyOf(destination === "default" ? (gateway ?? "") : destination);
}

function newRouteDefaults(settings: RouteSettings): HeaderDefaults {
  const { gateway, nextHops = [], type = "unicast" } = settings;
  const direct = gateway === undefined && nextHops.every((hop) => hop.gateway === undefined);
  // IPv6 has no scopes of routes.
  const onLink = familyFor(settings) === AF_INET && type === "unicast" && direct;
  return {
    type: routeTypes.unicast,
    scope: onLink ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
    protocol: RTPROT_BOOT,
  };
}

/** The attribute for a gateway: another one where its family is not the route's. */
function gatewayAttribute(gateway: string | undefined, family: number): { gateway?: string; via?: string } {
  if (gateway === undefined) return {};
  return familyOf(gateway) === family ? { gateway } : { via: gateway };
}

const multipathHop = ({ gateway, link = 0, onLink, weight = 1 }: NextHop, family: number): MultipathHop => ({
  link,
  flags: onLink === true ? RTNH_F_ONLINK : 0,
  hops: weight - 1,
  ...gatewayAttribute(gateway, family),
});

function metricsOf({ mtu, advertisedMss, metrics }: RouteSettings): RouteMetrics {
  return {
    ...(mtu === undefined ? {} : { mtu }),
    ...(advertisedMss === undefined ? {} : { advertisedMss }),
    ...metrics,
  };
}

/** What the header says where the settings leave it out. */
interface HeaderDefaults {
  readonly type: number;
  readonly scope: number;
  readonly protocol: number;
}

function routeRequest(
  operation: string,
  type: number,
  flags: number,
  settings: RouteSettings,
  defaults: HeaderDefaults,
): Request {
  const { destination, gateway, link, nextHops, priority, table = RT_TABLE_MAIN, preferredSource } = settings;
  const family = familyFor(settings);
  const prefix = destination === "default" ? undefined : parsePrefix(destination);
  const metrics = metricsOf(settings);
  const attributes: RouteAttributes = {
    ...(prefix === undefined ? {} : { destination: prefix.address }),
    ...gatewayAttribute(gateway, family),
    ...(link === undefined ? {} : { outputLink: link }),
    ...(nextHops === undefined ? {} : { multipath: nextHops.map((hop) => multipathHop(hop, family)) }),
    ...(priority === undefined ? {} : { priority }),
    ...(preferredSource === undefined ? {} : { preferredSource }),
    ...(Object.keys(metrics).length === 0 ? {} : { metrics }),
    table,
  };
  return {
    operation,
    subject: `${destination}${gateway === undefined ? "" : ` via ${gateway}`}`,
    type,
    flags,
    body(to) {
      routeHeader.write(to, {
        family,
        destinationLength: prefix?.length ?? 0,
        // The header's field is one byte; RTA_TABLE carries the number in full.
        table: table > 255 ? 0 : table,
        protocol: settings.protocol ?? defaults.protocol,
        scope: settings.scope ?? defaults.scope,
        type: settings.type === undefined ? defaults.type : routeTypes[settings.type],
        flags: settings.onLink === true ? RTNH_F_ONLINK : 0,
      });
      routeAttributes.write(to, attributes);
    },
  };
}

/** Adds a route; EEXIST where there is one with this destination and priority. */
export function add(settings: RouteSettings): Request {
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  return routeRequest("RTM_NEWROUTE", RTM_NEWROUTE, flags, settings, newRouteDefaults(settings));
}

/** Adds a route, or puts it in the place of the one with this destination and priority. */
export function replace(settings: RouteSettings): Request {
  const flags = NLM_F_CREATE | NLM_F_REPLACE;
  return routeRequest("RTM_NEWROUTE", RTM_NEWROUTE, flags, settings, newRouteDefaults(settings));
}

/** Removes a route of the table; ESRCH where there is none. What is left out of the settings matches anything. */
export function remove(settings: RouteSettings): Request {
  const anything = { type: 0, scope: RT_SCOPE_NOWHERE, protocol: 0 };
  return routeRequest("RTM_DELROUTE", RTM_DELROUTE, 0, settings, anything);
}

const shownHop = ({ link, flags, hops, gateway, via = gateway }: MultipathHop): NextHop => ({
  link,
  weight: hops + 1,
  ...(via === undefined ? {} : { gateway: via }),
  ...((flags & RTNH_F_ONLINK) === 0 ? {} : { onLink: true }),
});

function decode(payload: ByteReader): Route {
  const header = routeHeader.read(payload);
  const attributes = routeAttributes.read(payload);
  const { destination, gateway, via, multipath = [], metrics = {} } = attributes;
  return {
    family: versionOfFamily(header.family),
    destination: destination === undefined ? "default" : `${destination}/${header.destinationLength}`,
    gateway: gateway ?? via,
    link: attributes.outputLink,
    nextHops: multipath.map(shownHop),
    priority: attributes.priority,
    type: typeNames.get(header.type) ?? "unicast",
    table: attributes.table ?? header.table,
    preferredSource: attributes.preferredSource,
    scope: header.scope,
    protocol: header.protocol,
    onLink: (header.flags & RTNH_F_ONLINK) !== 0,
    mtu: metrics.mtu,
    metrics,
  };
}

export interface RouteFilter {
  readonly table?: number;
  readonly family?: IpVersion;
  /** Index of the link that they leave by. */
  readonly link?: number;
}

/** All routes of both families and all tables, or those that a filter chooses. */
export function list({ table, family, link }: RouteFilter = {}): Query<Route> {
  return {
    operation: "RTM_GETROUTE",
    subject: "routes",
    type: RTM_GETROUTE,
    flags: 0,
    body(to) {
      routeHeader.write(to, { family: familyOfVersion(family) });
      routeAttributes.write(to, {
        ...(table === undefined ? {} : { table }),
        ...(link === undefined ? {} : { outputLink: link }),
      });
    },
    decode,
  };
}

export interface LookupOptions {
  readonly source?: string;
  /** Firewall mark. */
  readonly mark?: number;
  /** Index of the link that the packet comes in by; default: the machine sends it itself. */
  readonly inputLink?: number;
  readonly outputLink?: number;
}

/** The way that a packet would take. Throws ENETUNREACH, EHOSTUNREACH or EACCES where there is none. */
export function lookup(destination: string, options: LookupOptions = {}): Query<Route> {
  const family = familyOf(destination);
  const hostLength = family === AF_INET ? 32 : 128;
  return {
    operation: "RTM_GETROUTE",
    subject: destination,
    type: RTM_GETROUTE,
    flags: 0,
    body(to) {
      routeHeader.write(to, {
        family,
        destinationLength: hostLength,
        sourceLength: options.source === undefined ? 0 : hostLength,
      });
      routeAttributes.write(to, { destination, ...options });
    },
    decode,
  };
}

export interface RouteEvent {
  readonly type: "route";
  /** `set`: it was added or has changed. */
  readonly change: "set" | "removed";
  readonly route: Route;
}

const RTNLGRP_IPV4_ROUTE = 7;
const RTNLGRP_IPV6_ROUTE = 11;

/** Routes that come, change and go. Not told: IPv4 routes that go because their link or address does. */
export const events: Topic<RouteEvent> = {
  protocol: NETLINK_ROUTE,
  groups: [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE],
  decode({ type, payload }) {
    if (type !== RTM_NEWROUTE && type !== RTM_DELROUTE) return undefined;
    return { type: "route", change: type === RTM_NEWROUTE ? "set" : "removed", route: decode(payload) };
  },
};
