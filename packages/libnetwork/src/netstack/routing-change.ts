/**
 * From one routing plan to another: what is to be removed and added in a sandbox's namespace.
 */
import { isKernelError, type KernelError, type Request, type Rtnl, route, rule } from "@causeway/kernel";
import type { PlannedRoute, PlannedRule, RoutingPlan } from "../contracts/netstack.ts";
import { CausewayError } from "../errors.ts";
import { missing } from "./routing.ts";

export interface RoutingChange {
  readonly removals: readonly Request[];
  readonly additions: readonly Request[];
}

export function routingChange(before: RoutingPlan | undefined, after: RoutingPlan): RoutingChange {
  const oldRoutes = before?.routes ?? [];
  const oldRules = before?.rules ?? [];
  const removals = [
    ...missing(oldRules, after.rules).map(removeRule),
    ...missing(oldRoutes, after.routes).map((planned) => route.remove(routeSettings(planned))),
  ];
  const additions = [
    ...missing(after.routes, oldRoutes).map((planned) => route.replace(routeSettings(planned))),
    ...missing(after.rules, oldRules).map(addRule),
  ];
  return { removals, additions };
}

export function isNothing({ removals, additions }: RoutingChange): boolean {
  return removals.length + additions.length === 0;
}

export function changeRouting(rtnl: Rtnl, { removals, additions }: RoutingChange): void {
  // Routes go with their link: what is not there any more needs no removing.
  for (const failure of rtnl.attempt(removals)) {
    if (failure !== undefined && !isKernelError(failure, "ESRCH", "ENOENT", "ENODEV")) throw failure;
  }
  // Where a change is taken back that stopped half way, something of what is added is there already.
  for (const failure of rtnl.attempt(additions)) {
    if (failure !== undefined && !isKernelError(failure, "EEXIST")) throw explained(failure);
  }
}

/** A gateway is its driver's choice, and may be anywhere. */
function explained(failure: KernelError): Error {
  if (!isKernelError(failure, "ENETUNREACH", "EHOSTUNREACH")) return failure;
  const message = `${failure.message}: the gateway that the network's driver gave cannot be reached from the endpoint's own addresses`;
  return new CausewayError("internal", "gateway_unreachable", message, { cause: failure });
}

function routeSettings({
  destination,
  family,
  gateway,
  link: index,
  table,
}: PlannedRoute): route.RouteSettings {
  return { destination, family, link: index, table, ...(gateway === undefined ? {} : { gateway }) };
}

function ruleSettings({ family, priority, from, table, exceptDefault }: PlannedRule): rule.RuleSettings {
  return {
    family,
    priority,
    table,
    ...(from === undefined ? {} : { source: `${from}/${family === 4 ? 32 : 128}` }),
    ...(exceptDefault ? { suppressPrefixLength: 0 } : {}),
  };
}

const addRule = (planned: PlannedRule) => rule.add(ruleSettings(planned));
const removeRule = (planned: PlannedRule) => rule.remove(ruleSettings(planned));
