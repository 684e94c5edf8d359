/**
 * What the kernel sorts out by itself while it dumps the table (CTA_FILTER, since Linux 5.8; an older one dumps more).
 */
import type { IpVersion } from "../netlink/family.ts";
import type { FlowFilter, NormalFilter } from "./filter.ts";
import { isSubnet } from "./prefix.ts";
import { type ConnectionAttributes, filterParts, type TupleAttributes } from "./spec.ts";

/** Which connections the kernel is to dump. */
export interface DumpScope {
  /** Undefined: both. */
  readonly family: IpVersion | undefined;
  readonly attributes: ConnectionAttributes;
}

/**
 * A pass over the table costs 12 ms even where it is empty (it has 262,144 buckets), so several filters share one: then
 * the kernel sorts by family only, where they have that in common.
 */
export function scopeOf(filters: readonly NormalFilter[]): DumpScope {
  const [first, ...others] = filters;
  if (first === undefined) return { family: undefined, attributes: {} };
  const { family } = first;
  if (others.length === 0 && family !== undefined) return { family, attributes: attributesOf(first, family) };
  const shared = others.every((filter) => filter.family === family);
  return { family: shared ? family : undefined, attributes: {} };
}

/** Subnets are left to us, and IPv6 addresses: Linux 6.18 leaves out the connections that have them and dumps those that have not. */
function attributesOf({ protocol, original, reply }: NormalFilter, family: IpVersion): ConnectionAttributes {
  const usable = family === 4 ? ~0 : ~(filterParts.source | filterParts.destination);
  const originalParts = partsOf(original, protocol) & usable;
  const replyParts = partsOf(reply, protocol) & usable;
  if (originalParts + replyParts === 0) return {};
  return {
    original: tupleOf(original, family, protocol),
    reply: tupleOf(reply, family, protocol),
    filter: { originalParts, replyParts },
  };
}

/** The bits of what is asked for. The kernel looks at ports only beside a protocol that has them. */
function partsOf(
  { source, sourcePort, destination, destinationPort }: FlowFilter,
  protocol: number | undefined,
): number {
  let parts = 0;
  if (source !== undefined && !isSubnet(source)) parts |= filterParts.source;
  if (destination !== undefined && !isSubnet(destination)) parts |= filterParts.destination;
  if (protocol === undefined) return parts;
  if (sourcePort !== undefined) parts |= filterParts.protocol | filterParts.sourcePort;
  if (destinationPort !== undefined) parts |= filterParts.protocol | filterParts.destinationPort;
  return parts;
}

function tupleOf(
  { source, sourcePort, destination, destinationPort }: FlowFilter,
  family: IpVersion,
  protocol: number | undefined,
): TupleAttributes {
  return {
    addresses: {
      ...(source === undefined || isSubnet(source) ? {} : { [`source${family}` as const]: source }),
      ...(destination === undefined || isSubnet(destination)
        ? {}
        : { [`destination${family}` as const]: destination }),
    },
    ...(protocol === undefined
      ? {}
      : {
          protocol: {
            number: protocol,
            ...(sourcePort === undefined ? {} : { sourcePort }),
            ...(destinationPort === undefined ? {} : { destinationPort }),
          },
        }),
  };
}
