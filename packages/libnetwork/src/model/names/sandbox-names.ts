/**
 * What a sandbox and its endpoints are called, and what is found by these names.
 */
import { addressOf } from "../../address/cidr.ts";
import type { Membership, SandboxNames } from "../../contracts/names.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { NetworkCore } from "../network-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { memberNames } from "../services/service-names.ts";
import { extraHostsOf } from "./extra-hosts.ts";

/** How long an address that was chosen may be kept, seconds: Docker's. */
const chosenTtl = 600;

/** As the resolver is told. */
export function sandboxNames(sandbox: SandboxCore): SandboxNames {
  const { id, record, joined } = sandbox;
  const { dns, dnsOptions } = record.options;
  const forwards = [...joined].some(({ network }) => !network.record.options.internal);
  return {
    sandboxId: id,
    memberships: [...joined].filter(isNamed).map((endpoint) => membershipOf(endpoint, sandbox)),
    extraHosts: extraHostsOf(sandbox),
    forwards,
    servers: dns,
    options: dnsOptions,
  };
}

/** One of a network that somebody made, with an interface of its own. */
export function isNamed({ network, record: { interface: ends } }: EndpointCore): boolean {
  return answersNames(network) && (ends.ipv4 !== undefined || ends.ipv6 !== undefined);
}

/** Whether names are answered in it: as in Docker, in none that is there from the start. */
export function answersNames({ record, configOnly }: NetworkCore): boolean {
  return !record.predefined && !configOnly;
}

/** What others in the network find it by, and how its address is called: by the first. */
export function namesOf(endpoint: EndpointCore, sandbox: SandboxCore): readonly string[] {
  const { name, record } = endpoint;
  if (sandbox.record.hidden === true) return [];
  const own = [name, ...record.options.aliases, ...containerNames(sandbox), ...memberNames(endpoint)];
  return [...new Set(own)].filter(canBeAsked);
}

/** IPv4 first, without prefix length. */
export function addressesOf({ record: { interface: ends } }: EndpointCore): readonly string[] {
  return [ends.ipv4, ends.ipv6].filter((cidr) => cidr !== undefined).map(addressOf);
}

/** Seconds. */
function ttlOf({ network, record: { options } }: EndpointCore): number {
  const isChosen = options.ipv4 !== undefined || options.ipv6 !== undefined;
  return network.record.options.dnsTtl ?? (isChosen ? chosenTtl : 0);
}

export function membershipOf(endpoint: EndpointCore, sandbox: SandboxCore): Membership {
  const { id, network, record } = endpoint;
  const { options, interface: ends } = record;
  return {
    endpointId: id,
    networkId: network.id,
    networkName: network.name,
    subnets: network.record.pools.map(({ pool }) => pool).filter((pool) => pool !== ""),
    names: namesOf(endpoint, sandbox),
    ...(ends.ipv4 !== undefined && { ipv4: addressOf(ends.ipv4) }),
    ...(ends.ipv6 !== undefined && { ipv6: addressOf(ends.ipv6) }),
    ttl: ttlOf(endpoint),
    ports: options.namedPorts,
    links: options.links,
    servers: network.record.options.dns,
  };
}

/** Objects may be called what no question can be about. RFC 1035 section 2.3.4. */
function canBeAsked(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => /^[\x21-\x5b\x5d-\x7e]{1,63}$/.test(label));
}

/** The container's id, short where it is one of Docker's, and its hostname. */
export function containerNames({ name, record: { options } }: SandboxCore): readonly string[] {
  const id = /^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name;
  return options.hostname === undefined ? [id] : [id, options.hostname];
}
