/**
 * What services are called: a service's name has its address, or its members'; `tasks.NAME` has the members'.
 */
import { addressOf } from "../../address/cidr.ts";
import type { AddedRecord } from "../../contracts/names.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { NetworkCore } from "../network-core.ts";
import { memberState, serviceOf } from "./members.ts";

/** What a member is called on its service's account: none while it does not count. */
export function memberNames(endpoint: EndpointCore): readonly string[] {
  const service = serviceOf(endpoint);
  if (service === undefined || memberState(endpoint) !== "serving") return [];
  const { name, record } = service;
  return record.options.mode === "dnsrr" ? [name, `tasks.${name}`] : [`tasks.${name}`];
}

/** The names of services' own addresses. */
export function serviceRecords({ services }: NetworkCore): readonly AddedRecord[] {
  return [...services].flatMap(({ name, record: { ipv4, ipv6 } }) => [
    ...(ipv4 === undefined ? [] : [addressRecord(name, "A", ipv4)]),
    ...(ipv6 === undefined ? [] : [addressRecord(name, "AAAA", ipv6)]),
  ]);
}

function addressRecord(name: string, type: "A" | "AAAA", cidr: string): AddedRecord {
  return { name, data: { type, address: addressOf(cidr) }, ttl: 0 };
}
