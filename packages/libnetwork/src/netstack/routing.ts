/**
 * Which endpoint is a sandbox's way out, and what that means in routes. Pure.
 *
 * The gateway is chosen per family. What a sandbox sends from the address of another endpoint that has a gateway leaves
 * by that endpoint's own gateway (a rule by source address): so replies to what was published there go back the way
 * that they came.
 */
import { route } from "@causeway/kernel";
import { addressOf } from "../address/cidr.ts";
import type { PlannedRoute, PlannedRule, RoutedEndpoint, RoutingPlan } from "../contracts/netstack.ts";

/** Tables are numbered by the interface's index from here, out of the way of those that people number by hand. */
const firstTable = 10_000;
/** Before the kernel's own rules for the main table (32766). */
const directPriority = 10_000;
const bySourcePriority = 10_001;

function gatewayCount(endpoint: RoutedEndpoint): number {
  return (endpoint.gatewayIpv4 === undefined ? 0 : 1) + (endpoint.gatewayIpv6 === undefined ? 0 : 1);
}

/**
 * Who comes first as gateway: the higher priority, networks that are not the gateway bridge, those that are not internal, gateways of both families, the name
 * of the network: docs/guide/sandboxes.md, "Several networks".
 */
export function compareGateways(a: RoutedEndpoint, b: RoutedEndpoint): number {
  return (
    b.priority - a.priority ||
    Number(a.gatewayBridge) - Number(b.gatewayBridge) ||
    Number(a.internal) - Number(b.internal) ||
    gatewayCount(b) - gatewayCount(a) ||
    (a.networkName < b.networkName ? -1 : a.networkName > b.networkName ? 1 : 0)
  );
}

interface FamilyPlan {
  readonly gatewayEndpoint: string | undefined;
  readonly routes: readonly PlannedRoute[];
  readonly rules: readonly PlannedRule[];
}

function planFamily(family: 4 | 6, ordered: readonly RoutedEndpoint[]): FamilyPlan {
  const gatewayOf = (endpoint: RoutedEndpoint) =>
    family === 4 ? endpoint.gatewayIpv4 : endpoint.gatewayIpv6;
  const cidrOf = (endpoint: RoutedEndpoint) =>
    family === 4 ? endpoint.addresses.ipv4 : endpoint.addresses.ipv6;
  const routes: PlannedRoute[] = [];
  const rules: PlannedRule[] = [];
  let gatewayEndpoint: string | undefined;
  for (const endpoint of ordered) {
    const gateway = gatewayOf(endpoint);
    const cidr = cidrOf(endpoint);
    if (gateway === undefined || cidr === undefined) continue;
    const defaultRoute = { destination: "default", family, gateway, link: endpoint.interface.index };
    if (gatewayEndpoint === undefined) {
      gatewayEndpoint = endpoint.endpointId;
      routes.push({ ...defaultRoute, table: route.mainTable });
      continue;
    }
    const table = firstTable + endpoint.interface.index;
    routes.push({ ...defaultRoute, table });
    // What is on the sandbox's own networks goes there directly, whatever address it is sent from.
    if (rules.length === 0) {
      rules.push({
        family,
        priority: directPriority,
        from: undefined,
        table: route.mainTable,
        exceptDefault: true,
      });
    }
    rules.push({ family, priority: bySourcePriority, from: addressOf(cidr), table, exceptDefault: false });
  }
  return { gatewayEndpoint, routes, rules };
}

/** Whether a route of a sandbox is in one of the tables that {@link planRouting} fills. */
export function isOwnRoute({ table }: PlannedRoute): boolean {
  return table >= firstTable;
}

/** Whether a rule of a sandbox is one that {@link planRouting} made. */
export function isOwnRule({ priority, table }: PlannedRule): boolean {
  if (priority === directPriority) return table === route.mainTable;
  return priority === bySourcePriority && table >= firstTable;
}

export function planRouting(endpoints: readonly RoutedEndpoint[]): RoutingPlan {
  const ordered = [...endpoints].sort(compareGateways);
  const v4 = planFamily(4, ordered);
  const v6 = planFamily(6, ordered);
  return {
    gatewayEndpointIpv4: v4.gatewayEndpoint,
    gatewayEndpointIpv6: v6.gatewayEndpoint,
    routes: [...v4.routes, ...v6.routes],
    rules: [...v4.rules, ...v6.rules],
  };
}

/** What of `wanted` is not in `there`; both are small. */
export function missing<T extends object>(wanted: readonly T[], there: readonly T[]): readonly T[] {
  const keys = new Set(there.map(keyOf));
  return wanted.filter((item) => !keys.has(keyOf(item)));
}

/** Whoever made it, and in whatever order its fields were given. */
function keyOf(item: object): string {
  const given = Object.entries(item).filter(([, value]) => value !== undefined);
  return JSON.stringify(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}
