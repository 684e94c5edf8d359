/**
 * For tests: connections that nobody opened, put into the kernel's table by IPCTNL_MSG_CT_NEW, and arbitrary values of
 * the specs.
 */
import {
  type AnySampled,
  ipv4,
  ipv6,
  sampled,
  sampledWhole,
  some,
  u8,
  u16,
  u32,
} from "../codec/test-support.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import { familyOf, versionOf } from "../netlink/family.ts";
import type { Request } from "../netlink/message.ts";
import { netfilterHeader, protocolNumbers } from "../netlink/netfilter.ts";
import type { FlowFilter } from "./filter.ts";
import {
  connectionAttributes,
  globalStatistics,
  IPCTNL_MSG_CT_NEW,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_SEEN_REPLY,
  type TupleAttributes,
} from "./spec.ts";

type WholeFlow = { readonly [K in keyof FlowFilter]-?: NonNullable<FlowFilter[K]> };

export interface TrackedConnection {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly original: WholeFlow;
  readonly reply: WholeFlow;
}

const tuple = (protocol: TrackedConnection["protocol"], flow: WholeFlow): TupleAttributes => {
  const version = versionOf(flow.source);
  return {
    addresses: {
      [`source${version}` as const]: flow.source,
      [`destination${version}` as const]: flow.destination,
    },
    protocol: {
      number: protocolNumbers[protocol],
      sourcePort: flow.sourcePort,
      destinationPort: flow.destinationPort,
    },
  };
};

export function track({ protocol, original, reply }: TrackedConnection): Request {
  return {
    operation: "IPCTNL_MSG_CT_NEW",
    subject: `${original.source}:${original.sourcePort}`,
    type: IPCTNL_MSG_CT_NEW,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body(to) {
      netfilterHeader.write(to, { family: familyOf(original.source) });
      connectionAttributes.write(to, {
        original: tuple(protocol, original),
        reply: tuple(protocol, reply),
        status: IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED,
        timeout: 600,
      });
    },
  };
}

const sampledTuple = some<TupleAttributes>({
  addresses: some({ source4: ipv4, destination4: ipv4, source6: ipv6, destination6: ipv6 }),
  protocol: some({
    number: u8,
    sourcePort: u16,
    destinationPort: u16,
    icmpId: u16,
    icmpType: u8,
    icmpCode: u8,
    icmpv6Id: u16,
    icmpv6Type: u8,
    icmpv6Code: u8,
  }),
  zone: u16,
});

/** Every spec of conntrack by name. */
export const specs: Readonly<Record<string, AnySampled>> = {
  netfilterHeader: sampledWhole(netfilterHeader, { family: u8, version: u8, resource: u16 }),
  connectionAttributes: sampled(connectionAttributes, {
    original: sampledTuple,
    reply: sampledTuple,
    status: u32,
    timeout: u32,
    mark: u32,
    id: u32,
    zone: u16,
    filter: some({ originalParts: u32, replyParts: u32 }),
  }),
  globalStatistics: sampled(globalStatistics, { entries: u32, limit: u32 }),
};
