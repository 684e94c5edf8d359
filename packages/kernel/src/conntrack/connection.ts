/**
 * Tracked connections as values, and the requests about them. IPCTNL_MSG_CT_* of linux/netfilter/nfnetlink_conntrack.h.
 */
import { type ByteReader, DecodeError } from "../codec/bytes.ts";
import { familyOfVersion, type IpVersion, versionOfFamily } from "../netlink/family.ts";
import type { Query, Request } from "../netlink/message.ts";
import { netfilterHeader } from "../netlink/netfilter.ts";
import type { DumpScope } from "./scope.ts";
import {
  type ConnectionAttributes,
  connectionAttributes,
  globalStatistics,
  IPCTNL_MSG_CT_DELETE,
  IPCTNL_MSG_CT_GET,
  IPCTNL_MSG_CT_GET_STATS,
  type TupleAttributes,
} from "./spec.ts";

/** The packets of one direction. */
export interface Flow {
  readonly source: string;
  readonly destination: string;
  /** Undefined for protocols without ports. */
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
}

/** A connection as the kernel tracks it. Address translation shows in `reply` not being `original` the other way round. */
export interface Connection {
  readonly family: IpVersion;
  /** IPPROTO_*. */
  readonly protocol: number;
  readonly original: Flow;
  readonly reply: Flow;
  readonly mark: number;
  /** IPS_*. */
  readonly status: number;
  /** Seconds until it is forgotten. */
  readonly timeout: number;
  /** What tells it from others, and from a later one of the same addresses and ports. */
  readonly identity: Required<Pick<ConnectionAttributes, "original">> &
    Pick<ConnectionAttributes, "id" | "zone">;
}

function flow({ addresses = {}, protocol = {} }: TupleAttributes): Flow {
  return {
    source: addresses.source4 ?? addresses.source6 ?? "",
    destination: addresses.destination4 ?? addresses.destination6 ?? "",
    sourcePort: protocol.sourcePort,
    destinationPort: protocol.destinationPort,
  };
}

export function decode(payload: ByteReader): Connection {
  const { family } = netfilterHeader.read(payload);
  const { original, reply, id, zone, mark = 0, status = 0, timeout = 0 } = connectionAttributes.read(payload);
  if (original === undefined || reply === undefined) throw new DecodeError("a connection without addresses");
  return {
    family: versionOfFamily(family),
    protocol: original.protocol?.number ?? 0,
    original: flow(original),
    reply: flow(reply),
    mark,
    status,
    timeout,
    identity: {
      original,
      ...(id === undefined ? {} : { id }),
      ...(zone === undefined ? {} : { zone }),
    },
  };
}

/** The connections within a scope that `wanted`, which is given the message's payload, says yes to. */
export function list(
  { family, attributes }: DumpScope,
  wanted: (message: Buffer) => boolean,
): Query<Connection | undefined> {
  return {
    operation: "IPCTNL_MSG_CT_GET",
    subject: "connections",
    type: IPCTNL_MSG_CT_GET,
    flags: 0,
    body(to) {
      netfilterHeader.write(to, { family: familyOfVersion(family) });
      connectionAttributes.write(to, attributes);
    },
    decode: (payload) => (wanted(payload.view()) ? decode(payload) : undefined),
  };
}

/** Forgets one connection; ENOENT where it is gone, also if another one has its addresses and ports by now. */
export function remove({ family, identity, original: { source, destination } }: Connection): Request {
  return {
    operation: "IPCTNL_MSG_CT_DELETE",
    subject: `${source} to ${destination}`,
    type: IPCTNL_MSG_CT_DELETE,
    flags: 0,
    body(to) {
      netfilterHeader.write(to, { family: familyOfVersion(family) });
      connectionAttributes.write(to, identity);
    },
  };
}

/** How many connections are tracked in the namespace. */
export const count: Query<number> = {
  operation: "IPCTNL_MSG_CT_GET_STATS",
  subject: "connections",
  type: IPCTNL_MSG_CT_GET_STATS,
  flags: 0,
  body: (to) => netfilterHeader.write(to, {}),
  decode(payload) {
    netfilterHeader.read(payload);
    return globalStatistics.read(payload).entries ?? 0;
  },
};
