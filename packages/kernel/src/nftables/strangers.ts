/**
 * Transactions of nf_tables that are not this thread's own. linux/netfilter/nf_tables.h.
 *
 * Each transaction ends with a message that says whose it was; the kernel leaves out all other messages. It goes by threads: one of
 * another thread of this process counts as a stranger's.
 */
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import { is, isNot, messageType, network32At, payloadAt } from "../netlink/filter.ts";
import type { Query } from "../netlink/message.ts";
import type { Topic } from "../netlink/monitor.ts";
import { NFNL_SUBSYS_NFTABLES, netfilterHeader, netfilterHeaderLength } from "../netlink/netfilter.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { NFT_MSG_NEWGEN, type NftablesGeneration, nftablesEvents, readGeneration } from "./events.ts";

const NFT_MSG_GETGEN = 16;

/** NFTA_GEN_PROC_PID: its value behind its own header and the whole of NFTA_GEN_ID. */
const processId = network32At(payloadAt + netfilterHeaderLength + 8 + 4);

/** The kernel answers with the id of who asks where it tells of a transaction with the id of who made it. */
const whoAmI: Query<number> = {
  operation: "NFT_MSG_GETGEN",
  subject: "nf_tables",
  type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN,
  flags: 0,
  body: (to) => netfilterHeader.write(to, {}),
  decode(payload) {
    netfilterHeader.read(payload);
    return readGeneration(payload).processId;
  },
};

/**
 * The calling thread's id as the kernel numbers threads: not process.pid where the process is in a pid namespace.
 *
 * @param namespace any that nf_tables may be asked in. Default: the calling thread's
 */
function kernelThreadId(namespace?: NetNamespace): number {
  using socket = new NetlinkSocket(NETLINK_NETFILTER, namespace);
  return socket.query(whoAmI);
}

/** One event for each transaction of somebody else. `namespace`: as of {@link kernelThreadId}. */
export function strangersTransactions(namespace?: NetNamespace): Topic<NftablesGeneration> {
  const filter = [
    [
      is(messageType, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN),
      isNot(processId, kernelThreadId(namespace)),
    ],
  ];
  return {
    ...nftablesEvents,
    filter,
    decode(message) {
      const event = nftablesEvents.decode(message);
      return event?.type === "nftables-generation" ? event : undefined;
    },
  };
}
