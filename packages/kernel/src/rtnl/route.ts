/**
 * Routes: requests that list, add, replace and remove them. RTM_*ROUTE of rtnetlink(7).
 */
import type { ByteReader } from "../codec/bytes.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/constants.ts";
import type { Query, Request } from "../netlink/message.ts";
import { AF_INET, AF_INET6 } from "../sys/socket.ts";
import { familyOf } from "./address.ts";
import {
  type RouteAttributes,
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

export type RouteType = keyof typeof routeTypes;

export interface RouteSettings {
  /** CIDR; `default` with `family` for the default route. */
  readonly destination: string;
  /** Needed for a default route without gateway. Default: the destination's or the gateway's. */
  readonly family?: 4 | 6;
  readonly gateway?: string;
  /** Index of the link that it leaves by. */
  readonly link?: number;
  /** Metric: the lower wins. Default: 0 for IPv4, 1024 for IPv6. */
  readonly priority?: number;
  /** Default: `unicast`. */
  readonly type?: RouteType;
  /** Routing table, default: main (254). */
  readonly table?: number;
  /** Source address for what the machine itself sends. */
  readonly preferredSource?: string;
  /** RT_SCOPE_*. Default: link where there is no gateway, otherwise universe. */
  readonly scope?: number;
  /** The gateway is on the link although no address of the link says so. */
  readonly onLink?: boolean;
  readonly mtu?: number;
  readonly advertisedMss?: number;
  /** RTPROT_*: who made it. Default: boot. */
  readonly protocol?: number;
}

/** A route as the kernel shows it. */
export interface Route {
  readonly family: 4 | 6;
  /** CIDR, or `default`. */
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly link: number | undefined;
  readonly priority: number | undefined;
  readonly type: RouteType;
  readonly table: number;
  readonly preferredSource: string | undefined;
  readonly scope: number;
  readonly protocol: number;
  readonly onLink: boolean;
  readonly mtu: number | undefined;
}

const typeNames = new Map(
  Object.entries(routeTypes).map(([name, number]) => [number as number, name as RouteType]),
);

function familyFor({ destination, gateway, family }: RouteSettings): number {
  if (family !== undefined) return family === 6 ? AF_INET6 : AF_INET;
  return familyOf(destination === "default" ? (gateway ?? "") : destination);
}

function scopeFor({ scope, gateway, type = "unicast" }: RouteSettings, family: number): number {
  if (scope !== undefined) return scope;
  // IPv6 has no scopes of routes.
  return family === AF_INET && type === "unicast" && gateway === undefined
    ? RT_SCOPE_LINK
    : RT_SCOPE_UNIVERSE;
}

function routeRequest(
  operation: string,
  type: number,
  flags: number,
  settings: RouteSettings,
  scope: number,
): Request {
  const {
    destination,
    gateway,
    link,
    priority,
    table = RT_TABLE_MAIN,
    preferredSource,
    mtu,
    advertisedMss,
  } = settings;
  const [prefix = "", length = "0"] = destination === "default" ? [] : destination.split("/");
  const attributes: RouteAttributes = {
    ...(prefix === "" ? {} : { destination: prefix }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(link === undefined ? {} : { outputLink: link }),
    ...(priority === undefined ? {} : { priority }),
    ...(preferredSource === undefined ? {} : { preferredSource }),
    ...(mtu === undefined && advertisedMss === undefined
      ? {}
      : {
          metrics: {
            ...(mtu === undefined ? {} : { mtu }),
            ...(advertisedMss === undefined ? {} : { advertisedMss }),
          },
        }),
    table,
  };
  return {
    operation,
    subject: `${destination}${gateway === undefined ? "" : ` via ${gateway}`}`,
    type,
    flags,
    body(to) {
      routeHeader.write(to, {
        family: familyFor(settings),
        destinationLength: Number(length),
        // The header's field is one byte; RTA_TABLE carries the number in full.
        table: table > 255 ? 0 : table,
        protocol: settings.protocol ?? RTPROT_BOOT,
        scope,
        type: routeTypes[settings.type ?? "unicast"],
        flags: settings.onLink === true ? RTNH_F_ONLINK : 0,
      });
      routeAttributes.write(to, attributes);
    },
  };
}

/** Adds a route; EEXIST where there is one with this destination and priority. */
export function add(settings: RouteSettings): Request {
  const scope = scopeFor(settings, familyFor(settings));
  return routeRequest("RTM_NEWROUTE", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, settings, scope);
}

/** Adds a route, or puts it in the place of the one with this destination and priority. */
export function replace(settings: RouteSettings): Request {
  const scope = scopeFor(settings, familyFor(settings));
  return routeRequest("RTM_NEWROUTE", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, settings, scope);
}

/** Removes a route; ESRCH where there is none. What is left out of the settings matches anything. */
export function remove(settings: RouteSettings): Request {
  return routeRequest("RTM_DELROUTE", RTM_DELROUTE, 0, settings, settings.scope ?? RT_SCOPE_NOWHERE);
}

function decode(payload: ByteReader): Route {
  const header = routeHeader.read(payload);
  const attributes = routeAttributes.read(payload);
  return {
    family: header.family === AF_INET6 ? 6 : 4,
    destination:
      attributes.destination === undefined
        ? "default"
        : `${attributes.destination}/${header.destinationLength}`,
    gateway: attributes.gateway,
    link: attributes.outputLink,
    priority: attributes.priority,
    type: typeNames.get(header.type) ?? "unicast",
    table: attributes.table ?? header.table,
    preferredSource: attributes.preferredSource,
    scope: header.scope,
    protocol: header.protocol,
    onLink: (header.flags & RTNH_F_ONLINK) !== 0,
    mtu: attributes.metrics?.mtu,
  };
}

/** All routes of both families, of all tables or of one. */
export function list(options: { readonly table?: number; readonly family?: 4 | 6 } = {}): Query<Route> {
  const { table, family } = options;
  return {
    operation: "RTM_GETROUTE",
    subject: "routes",
    type: RTM_GETROUTE,
    flags: 0,
    body(to) {
      routeHeader.write(to, { family: family === undefined ? 0 : family === 6 ? AF_INET6 : AF_INET });
      if (table !== undefined) routeAttributes.write(to, { table });
    },
    decode,
  };
}
