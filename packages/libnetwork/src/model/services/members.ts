/**
 * Which endpoints a service has, and which of them count: those in a sandbox that is not hidden, and that are healthy.
 */
import { addressOf } from "../../address/cidr.ts";
import type { BalancedService } from "../../contracts/balancing.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { ServiceCore } from "./service-core.ts";

/**
 * `serving`: new connections are led to it. `unhealthy`: its owner says so, and what has begun goes on. `hidden`: by
 * `sandbox.disableService`, likewise. `away`: it is in no sandbox, or in one whose namespace is to come, or gone.
 */
export type MemberState = "serving" | "unhealthy" | "hidden" | "away";

/** The service that an endpoint says it belongs to. */
export function serviceOf({ network, record: { options } }: EndpointCore): ServiceCore | undefined {
  return options.service === undefined ? undefined : network.services.byName(options.service.name);
}

export function endpointsOf({ network, name }: ServiceCore): readonly EndpointCore[] {
  return [...(network.membersOf.get(name) ?? [])];
}

export function memberState(endpoint: EndpointCore): MemberState {
  const { sandbox, record } = endpoint;
  if (record.join === undefined || sandbox?.namespace === undefined || sandbox.lost) return "away";
  if (sandbox.record.hidden === true) return "hidden";
  return isHealthy(endpoint) ? "serving" : "unhealthy";
}

/** As its owner said last. */
export function isHealthy({ record: { options, healthy } }: EndpointCore): boolean {
  return healthy ?? options.service?.healthy ?? true;
}

/** What sandboxes are to be told of a service: one for each of its addresses. */
export function balancedOf(service: ServiceCore): readonly BalancedService[] {
  const { id, record } = service;
  const { ports } = record.options;
  const serving = endpointsOf(service).filter((endpoint) => memberState(endpoint) === "serving");
  return (["ipv4", "ipv6"] as const).flatMap((family) => {
    const cidr = record[family];
    if (cidr === undefined) return [];
    const members = serving
      .map(({ record: { interface: ends } }) => ends[family])
      .filter((member) => member !== undefined)
      .map(addressOf)
      // The same members are the same list, whoever joined first.
      .sort();
    const named = `${id.slice(0, 12)}${family}`;
    return [{ id: named, address: addressOf(cidr), members, ...(ports !== undefined && { ports }) }];
  });
}
