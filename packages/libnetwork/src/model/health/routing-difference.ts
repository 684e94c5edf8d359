/**
 * What of the routes and rules that a sandbox should have is not there. Pure.
 */
import { parseCidr } from "../../address/cidr.ts";
import { parseIp } from "../../address/ip.ts";
import type { StaticRoute } from "../../contracts/driver.ts";
import type { LiveRouting, PlannedRoute, PlannedRule } from "../../contracts/netstack.ts";

export interface RoutingDifference {
  readonly missing: readonly PlannedRoute[];
  readonly missingRules: readonly PlannedRule[];
  /** Routes in whose place somebody put another way to the same destination. */
  readonly replaced: readonly PlannedRoute[];
}

/** RT_TABLE_MAIN of linux/rtnetlink.h. */
const mainTable = 254;

/** Static routes in the form of planned ones, by a link. */
export function staticRoutes(link: number, routes: readonly StaticRoute[]): readonly PlannedRoute[] {
  return routes.map(({ destination, nextHop }) => {
    const subnet = parseCidr(destination);
    const gateway = nextHop === undefined ? undefined : parseIp(nextHop).toString();
    const text = subnet.prefixLength === 0 ? "default" : subnet.toString();
    return { destination: text, family: subnet.family, gateway, link, table: mainTable };
  });
}

export function compareRouting(
  live: LiveRouting,
  wanted: readonly PlannedRoute[],
  wantedRules: readonly PlannedRule[],
): RoutingDifference {
  const there = new Set(live.routes.map(routeKey));
  const places = new Set(live.routes.map(placeKey));
  const gone = wanted.filter((route) => !there.has(routeKey(route)));
  const rules = new Set(live.rules.map(ruleKey));
  return {
    missing: gone.filter((route) => !places.has(placeKey(route))),
    replaced: gone.filter((route) => places.has(placeKey(route))),
    missingRules: wantedRules.filter((rule) => !rules.has(ruleKey(rule))),
  };
}

/** Where a route stands: one with the same takes its place. */
const placeKey = ({ destination, family, table }: PlannedRoute) => `${family} ${table} ${destination}`;
const routeKey = (route: PlannedRoute) => `${placeKey(route)} ${route.gateway} ${route.link}`;
const ruleKey = ({ family, priority, from, table, exceptDefault }: PlannedRule) =>
  `${family} ${priority} ${from} ${table} ${exceptDefault}`;
