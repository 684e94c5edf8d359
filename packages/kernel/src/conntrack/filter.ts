/**
 * Which tracked connections are meant.
 */
import { type IpVersion, versionOf } from "../netlink/family.ts";
import { protocolNumbers } from "../netlink/netfilter.ts";
import { prefixBytes } from "./prefix.ts";

/**
 * A connection is meant when it has everything that is given: at least one thing. For an address a subnet may stand
 * (`192.0.2.0/24`): every address in it is meant.
 */
export interface ConntrackFilter {
  /** Default: that of the addresses that are given, otherwise both. */
  readonly family?: IpVersion;
  /** By name, or IPPROTO_*. */
  readonly protocol?: keyof typeof protocolNumbers | number;
  /** Who opened the connection. */
  readonly originalSource?: string;
  readonly originalSourcePort?: number;
  /** Where to, before address translation: a published port of the host's. */
  readonly originalDestination?: string;
  readonly originalDestinationPort?: number;
  /** Who answers, after address translation: the sandbox that a published port leads to. */
  readonly replySource?: string;
  readonly replySourcePort?: number;
  /** Where the answers go to: the opener, or the host that masquerades for it. */
  readonly replyDestination?: string;
  readonly replyDestinationPort?: number;
}

export interface FlowFilter {
  readonly source?: string | undefined;
  readonly sourcePort?: number | undefined;
  readonly destination?: string | undefined;
  readonly destinationPort?: number | undefined;
}

/** A filter in the form of the messages: by direction, and numbers for names. */
export interface NormalFilter {
  readonly family: IpVersion | undefined;
  readonly protocol: number | undefined;
  readonly original: FlowFilter;
  readonly reply: FlowFilter;
}

/** Throws TypeError for a filter that asks for nothing: it would mean every connection there is; and for what is no address. */
export function normalise(filter: ConntrackFilter): NormalFilter {
  if (Object.values(filter).every((value) => value === undefined)) {
    throw new TypeError("a conntrack filter must ask for something: an empty one means every connection");
  }
  const { protocol, originalSource, originalDestination, replySource, replyDestination } = filter;
  const addresses = [originalSource, originalDestination, replySource, replyDestination].filter(
    (given) => given !== undefined,
  );
  // Now, not in the middle of a pass.
  for (const given of addresses) prefixBytes(given);
  const [address] = addresses;
  return {
    family: filter.family ?? (address === undefined ? undefined : versionOf(address)),
    protocol: typeof protocol === "string" ? protocolNumbers[protocol] : protocol,
    original: {
      source: originalSource,
      sourcePort: filter.originalSourcePort,
      destination: originalDestination,
      destinationPort: filter.originalDestinationPort,
    },
    reply: {
      source: replySource,
      sourcePort: filter.replySourcePort,
      destination: replyDestination,
      destinationPort: filter.replyDestinationPort,
    },
  };
}
