/**
 * What a service is asked to be, checked; and what an endpoint says that belongs to one.
 */
import { parseIp } from "../../address/ip.ts";
import type { ServicePort } from "../../contracts/balancing.ts";
import { invalid } from "../../errors.ts";
import { type Complete, completeObjectOf, withDefault } from "../../options/defaults.ts";
import { hostname } from "../../options/host-file-texts.ts";
import {
  boolean,
  integer,
  listOf,
  objectOf,
  oneOf,
  type Parsed,
  type Parser,
  recordOf,
  string,
  textBy,
} from "../../options/parse.ts";
import { port } from "../publish-options.ts";

const portTable = {
  /** Default: tcp. */
  protocol: oneOf("tcp", "udp"),
  /** The port of the service's address. */
  port,
  /** The members' port that it leads to. Default: the same. */
  targetPort: port,
  /**
   * The port of every host of the cluster that leads to the members: of the service of a network that hosts share. Default: none.
   */
  hostPort: port,
};

/** Longer than anybody waits for a container to stop. */
const longestDrainMs = 3_600_000;

export const serviceTable = {
  /**
   * `vip`: the service has an address of its own, and the kernel chooses a member for each connection. `dnsrr`: its name has the members'
   * addresses. Default: vip.
   */
  mode: withDefault(oneOf("vip", "dnsrr"), "vip"),
  /** Ports of the address that lead to the members; others are refused. Default: every port, each to the same one. */
  ports: listOf(objectOf(portTable)),
  /** Address of the service. Default: the next free one. */
  ipv4: textBy((text) => parseIp(text, 4).toString()),
  /** The same for IPv6, where the network has it. */
  ipv6: textBy((text) => parseIp(text, 6).toString()),
  /** Milliseconds between taking a member that leaves out of the choice and cutting it off. Default: 0. */
  drainMs: withDefault(integer(0, longestDrainMs), 0),
  /** The user's own, by name. Default: none. */
  labels: withDefault(recordOf(string), {}),
};

/** Options of {@link Network.createService}. */
export interface ServiceOptions extends Parsed<typeof serviceTable> {}

export interface CheckedServiceOptions extends Omit<Complete<typeof serviceTable>, "ports"> {
  readonly ports: readonly ServicePort[] | undefined;
}

const completeServiceOptions = completeObjectOf(serviceTable);

/** @throws unknown_option, invalid_option, invalid_address, invalid_port, contradictory_options */
export function checkedServiceOptions(given: unknown): CheckedServiceOptions {
  const options = completeServiceOptions(given, "options");
  if (options.mode === "dnsrr") refuseAddress(options);
  return { ...options, ports: options.ports && servicePorts(options.ports) };
}

function refuseAddress(options: { readonly [Key in "ports" | "ipv4" | "ipv6"]: unknown }): void {
  const name = (["ports", "ipv4", "ipv6"] as const).find((key) => options[key] !== undefined);
  if (name === undefined) return;
  throw invalid(
    "contradictory_options",
    `options: ${name} is about the service's own address, and in mode dnsrr it has none: leave one of them out`,
    name,
  );
}

function servicePorts(list: readonly Parsed<typeof portTable>[]): readonly ServicePort[] {
  const taken = new Set<string>();
  const published = new Set<string>();
  return list.map(({ protocol = "tcp", port: asked, targetPort, hostPort }, at) => {
    const name = `options.ports[${at}]`;
    if (asked === undefined) {
      throw invalid("invalid_port", `${name}: port is missing: say which one is asked for`);
    }
    const key = `${asked}/${protocol}`;
    if (taken.has(key)) {
      throw invalid("invalid_port", `${name}: ${key} leads somewhere already: give it once`, key);
    }
    taken.add(key);
    if (published.has(`${hostPort}/${protocol}`)) {
      throw invalid(
        "invalid_port",
        `${name}: host port ${hostPort}/${protocol} leads somewhere already: give it once`,
      );
    }
    if (hostPort !== undefined) published.add(`${hostPort}/${protocol}`);
    return {
      protocol,
      port: asked,
      targetPort: targetPort ?? asked,
      ...(hostPort !== undefined && { hostPort }),
    };
  });
}

const membershipTable = {
  /** Name of a service of the network. */
  name: hostname,
  /** Counts as one of its members as soon as it has joined; false: not before `endpoint.setHealthy(true)`. Default: true. */
  healthy: boolean,
};

/** Where an endpoint belongs. */
export interface ServiceMembership {
  readonly name: string;
  /** Default: true. */
  readonly healthy?: boolean;
}

const membershipOptions = objectOf(membershipTable);

/** The service that an endpoint belongs to. */
export const serviceMembership: Parser<ServiceMembership> = (value, name) => {
  const { name: service, ...health } = membershipOptions(value, name);
  if (service === undefined) {
    throw invalid("invalid_option", `${name}: name is missing: say which service is meant`);
  }
  return { name: service, ...health };
};
