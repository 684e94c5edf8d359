/**
 * Tables, chains and rules as messages of nf_tables, for a batch (batch.ts): linux/netfilter/nf_tables.h (NFT_MSG_*, NFTA_TABLE_*,
 * NFTA_CHAIN_*, NFTA_RULE_*).
 */
import { attrs } from "../codec/attrs.ts";
import type { ByteWriter } from "../codec/bytes.ts";
import { type Codec, text, u32be } from "../codec/codec.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import type { Query, Request } from "../netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES, netfilterHeader } from "../netlink/netfilter.ts";
import { type Expression, writeExpressions } from "./expressions.ts";
import { families, type NftFamily } from "./families.ts";

const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_DELCHAIN = 5;
const NFT_MSG_NEWRULE = 6;
const NFT_MSG_GETRULE = 7;
const NFT_MSG_DELRULE = 8;
// linux/netfilter.h
export const NF_INET_PRE_ROUTING = 0;
export const NF_INET_FORWARD = 2;
export const NF_INET_LOCAL_OUT = 3;
export const NF_INET_POST_ROUTING = 4;
export const policies = { drop: 0, accept: 1 } as const;

/** NFT_USERDATA_MAXLEN is 256, with the two bytes before the text. */
const longestComment = 254;

/** As libnftables keeps comments in user data: NFTNL_UDATA_*_COMMENT (0), a length, the text with its NUL. */
export const comment: Codec<string> = {
  write(to, value) {
    const length = Buffer.byteLength(value) + 1;
    if (length > longestComment) throw new TypeError(`"${value}" is too long for a comment in nftables`);
    to.u8(0);
    to.u8(length);
    to.cString(value);
  },
  read(from) {
    if (from.remaining < 2 || from.u16() >> 8 !== from.remaining) return "";
    return from.cString();
  },
};

const tableAttributes = attrs({ name: [1, text], comment: [6, comment] });
export const chainAttributes = attrs({
  table: [1, text],
  name: [3, text],
  hook: [4, attrs({ number: [1, u32be], priority: [2, u32be] })],
  policy: [5, u32be],
  type: [7, text],
});
const ruleAttributes = attrs({
  table: [1, text],
  chain: [2, text],
  expressions: [4, { write: writeExpressions, read: () => undefined }],
  comment: [7, comment],
});

/** What a rule is known by. */
export interface RuleMark {
  readonly chain: string;
  readonly comment: string;
}

export interface PlainRule {
  readonly chain: string;
  readonly expressions: readonly Expression[];
}

export interface Rule extends RuleMark, PlainRule {}

export interface BaseChain {
  readonly name: string;
  readonly type: "filter" | "nat" | "route";
  /** NF_INET_*. */
  readonly hook: number;
  /** The lowest comes first. */
  readonly priority: number;
  /** What becomes of what no rule decides. Default: accept. */
  readonly policy?: keyof typeof policies;
}

/** A table, unless it is there: then it is left as it is, or where the message is exclusive, refused with EEXIST. */
export function newTable(
  family: NftFamily,
  table: string,
  comment: string,
  { exclusive = false } = {},
): Request {
  const flags = NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0);
  return message("NFT_MSG_NEWTABLE", NFT_MSG_NEWTABLE, flags, family, table, (to) =>
    tableAttributes.write(to, { name: table, comment }),
  );
}

/** The table and all that is in it. Fails with ENOENT where it is not there. */
export function deleteTable(family: NftFamily, table: string): Request {
  return message("NFT_MSG_DELTABLE", NFT_MSG_DELTABLE, 0, family, table, (to) =>
    tableAttributes.write(to, { name: table }),
  );
}

/** A chain, unless it is there. Fails with EEXIST or EOPNOTSUPP where one of the name is another. */
export function newBaseChain(family: NftFamily, table: string, chain: BaseChain): Request {
  const { name, type, hook, priority } = chain;
  const policy = chain.policy === undefined ? {} : { policy: policies[chain.policy] };
  return message("NFT_MSG_NEWCHAIN", NFT_MSG_NEWCHAIN, NLM_F_CREATE, family, `${table} ${name}`, (to) =>
    chainAttributes.write(to, { table, name, hook: { number: hook, priority }, ...policy, type }),
  );
}

/** A chain that others lead to, unless it is there: then it is left as it is, or where the message is exclusive, refused with EEXIST. */
export function newChain(
  family: NftFamily,
  table: string,
  name: string,
  { exclusive = false } = {},
): Request {
  const flags = NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0);
  return message("NFT_MSG_NEWCHAIN", NFT_MSG_NEWCHAIN, flags, family, `${table} ${name}`, (to) =>
    chainAttributes.write(to, { table, name }),
  );
}

/** A chain without rules, which nothing leads to. */
export function deleteChain(family: NftFamily, table: string, name: string): Request {
  return message("NFT_MSG_DELCHAIN", NFT_MSG_DELCHAIN, 0, family, `${table} ${name}`, (to) =>
    chainAttributes.write(to, { table, name }),
  );
}

/** All rules of a chain. */
export function deleteRules(family: NftFamily, table: string, chain: string): Request {
  return message("NFT_MSG_DELRULE", NFT_MSG_DELRULE, 0, family, `${table} ${chain}`, (to) =>
    ruleAttributes.write(to, { table, chain }),
  );
}

/** A rule at the end of its chain. */
export function newRule(family: NftFamily, table: string, rule: PlainRule | Rule): Request {
  const flags = NLM_F_CREATE | NLM_F_APPEND;
  return message("NFT_MSG_NEWRULE", NFT_MSG_NEWRULE, flags, family, `${table} ${rule.chain}`, (to) =>
    ruleAttributes.write(to, { table, ...rule }),
  );
}

/** All rules of a table, chain by chain and in order; none where there is no such table. */
export function listRules(family: NftFamily, table: string): Query<RuleMark> {
  return {
    ...message("NFT_MSG_GETRULE", NFT_MSG_GETRULE, 0, family, table, (to) =>
      ruleAttributes.write(to, { table }),
    ),
    decode(payload) {
      netfilterHeader.read(payload);
      const { chain = "", comment = "" } = ruleAttributes.read(payload);
      return { chain, comment };
    },
  };
}

/** A message about something in a table. */
export function message(
  operation: string,
  type: number,
  flags: number,
  family: NftFamily,
  subject: string,
  write: (to: ByteWriter) => void,
): Request {
  return {
    operation,
    subject: `${family} ${subject}`,
    type: (NFNL_SUBSYS_NFTABLES << 8) | type,
    flags,
    body(to) {
      netfilterHeader.write(to, { family: families[family] });
      write(to);
    },
  };
}
