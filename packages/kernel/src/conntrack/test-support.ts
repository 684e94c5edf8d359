/**
 * Connections that nobody opened: put into the kernel's table by IPCTNL_MSG_CT_NEW, for tests.
 */
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import { familyOf, versionOf } from "../netlink/family.ts";
import type { Request } from "../netlink/message.ts";
import type { FlowFilter } from "./filter.ts";
import {
  connectionAttributes,
  IPCTNL_MSG_CT_NEW,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_SEEN_REPLY,
  netfilterHeader,
  protocolNumbers,
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
