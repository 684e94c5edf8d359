/**
 * The name of our nftables tables: it goes into commands of nft(8) as it is.
 */
import { invalid } from "../errors.ts";
import { type Parser, string } from "../options/parse.ts";

/**
 * What nft reads as a word of its own where a table's name should stand, after `list` too, and quotes do not help: what nft
 * 1.0.6 stumbles over, and words of later releases' scanner.l.
 */
const keywords: ReadonlySet<string> = new Set(
  `
  accept add ah all and arp bridge cgroup chain chains comment comp constant continue counter counters
  cpu create ct day dccp define delete describe destroy device devices dnat drop dst dup dynamic ecn
  element elements eq esp ether exists expires export exthdr fib flags flow flowtable flowtables flush
  frag fwd ge geneve get goto gre gretap gt handle hbh hook hooks hour ibriport ibrname icmp icmpv6
  igmp iif iifgroup iifname iiftype import include index inet insert interval ip ip6 ipsec jhash
  jump last le limit limits list log lshift lt map maps mark masquerade meta meter meters mh missing
  monitor ne netdev nftrace not notrack numgen obriport obrname offload oif oifgroup oifname oiftype
  or osf pkttype policy position priority queue quota quotas random redefine redirect reject rename
  replace reset return rshift rt rt0 rt2 rtclassid rule rules ruleset sctp secmark secmarks set sets
  size skgid skuid snat socket srh symhash synproxy synproxys table tables tcp th time timeout tproxy
  tunnel tunnels type typeof udp udplite undefine update vlan vmap vni vxlan xor xt
  `
    .trim()
    .split(/\s+/),
);

/** @throws invalid_table_name */
export const tableName: Parser<string> = (value, name) => {
  const text = string(value, name);
  const refuse = (why: string) =>
    invalid("invalid_table_name", `${name}: ${JSON.stringify(text)} ${why}`, text);
  if (!/^[a-z][a-z0-9_]{0,31}$/i.test(text)) {
    throw refuse('is not a name of an nftables table: use letters, digits and "_", 32 at most');
  }
  if (keywords.has(text))
    throw refuse(`is a word of nft's own language: choose another name, like my_${text}`);
  return text;
};
