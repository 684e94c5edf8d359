/**
 * linux/netlink.h: message types, flags and socket options that every netlink family shares.
 */
export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_ECHO = 0x8;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;
/** On a get request: the whole table. */
export const NLM_F_DUMP = 0x300;
/** On a new request: change what is there. */
export const NLM_F_REPLACE = 0x100;
/** On a new request: fail where it is there. */
export const NLM_F_EXCL = 0x200;
/** On a new request: make it where it is not there. */
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

export const NETLINK_ROUTE = 0;
export const NETLINK_XFRM = 6;
export const NETLINK_NETFILTER = 12;

export const SOL_NETLINK = 270;
export const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_NO_ENOBUFS = 5;
export const NETLINK_LISTEN_ALL_NSID = 8;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;
