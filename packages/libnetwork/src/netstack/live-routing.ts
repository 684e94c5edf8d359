/**
 * The routes and policy rules of a namespace as the kernel has them, in the form in which they are planned.
 */
import { type Rtnl, route, rule } from "@causeway/kernel";
import type { LiveRouting, PlannedRoute, PlannedRule } from "../contracts/netstack.ts";

/** Throws KernelError E2BIG where there are more than so many, of each: a container may fill its tables, and reading holds up everybody. */
export const mostInSandbox = 5_000;

export function liveRouting(rtnl: Rtnl): LiveRouting {
  const most = mostInSandbox;
  const routes = rtnl
    .dump(route.list(), { most })
    .filter(({ table, type }) => table !== route.localTable && type === "unicast");
  const rules = ([4, 6] as const).flatMap((family) => rtnl.dump(rule.list({ family }), { most }));
  return { routes: routes.flatMap(planned), rules: rules.map(plannedRule) };
}

/** One for each way that its packets take. */
function planned({ destination, family, table, nextHops, ...only }: route.Route): PlannedRoute[] {
  const ways = nextHops.length > 0 ? nextHops : [only];
  return ways.flatMap(({ gateway, link }) =>
    link === undefined ? [] : [{ destination, family, gateway, link, table }],
  );
}

function plannedRule({
  family,
  priority = 0,
  source,
  table = 0,
  suppressPrefixLength,
}: rule.Rule): PlannedRule {
  const from = source?.replace(/\/(32|128)$/, "");
  return { family, priority, from, table, exceptDefault: suppressPrefixLength === 0 };
}
