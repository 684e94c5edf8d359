/**
 * The families of nftables' tables: NFPROTO_* of linux/netfilter.h.
 */
export const families = { inet: 1, ip: 2, arp: 3, netdev: 5, bridge: 7, ip6: 10 } as const;
export type NftFamily = keyof typeof families;
