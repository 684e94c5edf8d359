/**
 * Steps of rules that tell what was led on here from what was not, and send it in the machine's own name: linux/netfilter/nf_tables.h
 * (NFTA_FIB_*, NFTA_CT_*, NFTA_BITWISE_*), linux/netfilter/nf_conntrack_common.h (IPS_*, IP_CT_*).
 */
import { attrs } from "../codec/attrs.ts";
import { u32be } from "../codec/codec.ts";
import { data, type Expression, expression, isOther, isRead, NFT_REG_1, numberBytes } from "./expressions.ts";

const NFT_FIB_RESULT_ADDRTYPE = 3;
const NFTA_FIB_F_DADDR = 2;
/** linux/rtnetlink.h. */
const RTN_LOCAL = 2;
const NFT_CT_STATE = 0;
const NFT_CT_STATUS = 2;
const IPS_DST_NAT = 0x20;
/** As the kernel makes bits of IP_CT_*: NF_CT_STATE_BIT(IP_CT_RELATED). */
const relatedBit = 4;

const fib = attrs({ destination: [1, u32be], result: [2, u32be], flags: [3, u32be] });
const ct = attrs({ destination: [1, u32be], key: [2, u32be] });
const bitwise = attrs({
  source: [1, u32be],
  destination: [2, u32be],
  length: [3, u32be],
  mask: [4, data],
  xor: [5, data],
});
const masquerading = attrs({});

/** Holds where the packet goes to an address of the namespace's own. */
export const goesToLocal: readonly Expression[] = [
  expression("fib", fib, {
    destination: NFT_REG_1,
    result: NFT_FIB_RESULT_ADDRTYPE,
    flags: NFTA_FIB_F_DADDR,
  }),
  isRead(numberBytes(RTN_LOCAL)),
];

/** Holds where the connection was led elsewhere than it was sent. */
export const wasLed: readonly Expression[] = tracked(NFT_CT_STATUS, IPS_DST_NAT);

/** Holds for what is said about a connection: errors of ICMP. */
export const isRelated: readonly Expression[] = tracked(NFT_CT_STATE, relatedBit);

/** Sends it with the address of the interface that it leaves by. */
export const masquerade: Expression = expression("masq", masquerading, {});

function tracked(key: number, bit: number): readonly Expression[] {
  return [
    expression("ct", ct, { destination: NFT_REG_1, key }),
    expression("bitwise", bitwise, {
      source: NFT_REG_1,
      destination: NFT_REG_1,
      length: 4,
      mask: { value: numberBytes(bit) },
      xor: { value: numberBytes(0) },
    }),
    isOther(numberBytes(0)),
  ];
}
