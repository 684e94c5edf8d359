/**
 * Which endpoints a service has, and which of them count: those in a sandbox that is not hidden, and that are healthy.
 */
import { addressOf } from "../../address/cidr.ts";
import type { BalancedService, MemberState } from "../../contracts/balancing.ts";
import type { EndpointInterface } from "../../contracts/driver.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { RemoteMember } from "./remote-members.ts";
import type { ServiceCore } from "./service-core.ts";

/** The service that an endpoint says it belongs to. */
export function serviceOf({ network, record: { options } }: EndpointCore): ServiceCore | undefined {
  return options.service === undefined ? undefined : network.services.byName(options.service.name);
}

export function endpointsOf({ network, name }: ServiceCore): readonly EndpointCore[] {
  return [...(network.membersOf.get(name) ?? [])];
}

/** Those of other hosts: none where this host has no endpoint joined in the network, for then nobody tells it. */
export function remoteMembersOf({ network, name }: ServiceCore): readonly RemoteMember[] {
  return network.others.of(name);
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

/** Addresses of those that new connections are led to, here and on other hosts. */
function servingOf(service: ServiceCore): readonly Pick<RemoteMember, "ipv4" | "ipv6">[] {
  const own = endpointsOf(service).filter((endpoint) => memberState(endpoint) === "serving");
  const others = remoteMembersOf(service).filter(({ state }) => state === "serving");
  return [...own.map(({ record }) => withoutLengths(record.interface)), ...others];
}

function withoutLengths({ ipv4, ipv6 }: EndpointInterface): Pick<RemoteMember, "ipv4" | "ipv6"> {
  return {
    ...(ipv4 !== undefined && { ipv4: addressOf(ipv4) }),
    ...(ipv6 !== undefined && { ipv6: addressOf(ipv6) }),
  };
}

/** What sandboxes are to be told of a service: one for each of its addresses. */
export function balancedOf(service: ServiceCore): readonly BalancedService[] {
  const { id, record } = service;
  const { ports } = record.options;
  const serving = servingOf(service);
  return (["ipv4", "ipv6"] as const).flatMap((family) => {
    const cidr = record[family];
    if (cidr === undefined) return [];
    const addresses = serving.map((member) => member[family]).filter((member) => member !== undefined);
    // The same members are the same list, whoever joined first. One that moves may be told of by two hosts.
    const members = [...new Set(addresses)].sort();
    const named = `${id.slice(0, 12)}${family}`;
    return [{ id: named, address: addressOf(cidr), members, ...(ports !== undefined && { ports }) }];
  });
}
