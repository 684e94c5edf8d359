/**
 * A table as the kernel has it, to be held against what was sent: linux/netfilter/nf_tables.h (NFT_MSG_GET*).
 *
 * Held against bytes, not against nft's words, which are others from one version of nft to the next. What the kernel adds to what it was sent
 * (a default, a number of its own) is passed over.
 */
import { attrs } from "../codec/attrs.ts";
import { type Codec, text, u32be } from "../codec/codec.ts";
import type { Query } from "../netlink/message.ts";
import { netfilterHeader } from "../netlink/netfilter.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { isKernelError } from "../sys/errors.ts";
import { askedMap } from "./choosing.ts";
import { asListed, type ListedExpression, readExpressions } from "./expressions.ts";
import type { NftFamily } from "./families.ts";
import { listElements, type MapElement } from "./set-messages.ts";
import {
  type BaseChain,
  chainAttributes,
  comment,
  message,
  type PlainRule,
  policies,
} from "./table-messages.ts";

const NFT_MSG_GETTABLE = 1;
const NFT_MSG_GETCHAIN = 4;
const NFT_MSG_GETRULE = 7;

const expressions: Codec<readonly ListedExpression[]> = { write: () => undefined, read: readExpressions };
const tableAttributes = attrs({ name: [1, text], flags: [2, u32be], comment: [6, comment] });
const ruleAttributes = attrs({ table: [1, text], chain: [2, text], expressions: [4, expressions] });

/** A rule, and what its map has where one belongs to it. */
export interface WantedRule extends PlainRule {
  readonly elements?: readonly MapElement[];
}

/** All that is to be in a table. Other maps than these, which no rule here asks, change nothing, and are not looked for. */
export interface WantedTable {
  readonly comment: string;
  readonly baseChains: readonly BaseChain[];
  /** Those that others lead to. */
  readonly chains: readonly string[];
  /** In order, as far as they are of one chain. */
  readonly rules: readonly WantedRule[];
  readonly maps: Readonly<Record<string, readonly MapElement[]>>;
}

/** Asks for what is in a table. */
export class TableReader {
  readonly #socket: NetlinkSocket;
  readonly #family: NftFamily;
  readonly #table: string;

  constructor(socket: NetlinkSocket, family: NftFamily, table: string) {
    this.#socket = socket;
    this.#family = family;
    this.#table = table;
  }

  get exists(): boolean {
    return this.#tables().length > 0;
  }

  /** Whether it stands as it is to be. */
  isAs(wanted: WantedTable): boolean {
    try {
      return this.#stands(wanted);
    } catch (error) {
      // Somebody took something away between one question and the next.
      if (isKernelError(error, "ENOENT")) return false;
      throw error;
    }
  }

  #stands(wanted: WantedTable): boolean {
    const [table] = this.#tables();
    // One that rests (dormant) has a flag.
    if (table === undefined || table.flags !== 0 || table.comment !== wanted.comment) return false;
    const chains = [...wanted.baseChains.map(baseChainText), ...wanted.chains];
    if (!areAlike(this.#chains(), chains)) return false;
    return (
      this.#haveRules(wanted.rules) &&
      Object.entries(wanted.maps).every(([name, elements]) => this.#hasElements(name, elements))
    );
  }

  #tables() {
    const isOurs = ({ name }: { readonly name?: string }) => name === this.#table;
    const query = this.#listing("NFT_MSG_GETTABLE", NFT_MSG_GETTABLE, tableAttributes);
    return this.#socket.dump(query).filter(isOurs);
  }

  #chains(): readonly string[] {
    const query = this.#listing("NFT_MSG_GETCHAIN", NFT_MSG_GETCHAIN, chainAttributes);
    const ours = this.#socket.dump(query).filter(({ table }) => table === this.#table);
    return ours.map(({ name = "", hook, policy, type }) => {
      if (hook === undefined) return name;
      return JSON.stringify([name, type, hook.number, hook.priority, policy]);
    });
  }

  #haveRules(wanted: readonly WantedRule[]): boolean {
    const query = this.#listing("NFT_MSG_GETRULE", NFT_MSG_GETRULE, ruleAttributes);
    const found = Map.groupBy(this.#socket.dump(query), ({ chain = "" }) => chain);
    const byChain = Map.groupBy(wanted, ({ chain }) => chain);
    if (found.size !== byChain.size) return false;
    return [...byChain].every(([chain, rules]) => {
      const there = found.get(chain) ?? [];
      return (
        there.length === rules.length && rules.every((rule, at) => this.#isAs(there[at]?.expressions, rule))
      );
    });
  }

  #isAs(found: readonly ListedExpression[] | undefined, { expressions, elements }: WantedRule): boolean {
    if (found?.length !== expressions.length) return false;
    if (!expressions.every((one, at) => isAlike(found[at], asListed(one), elements !== undefined)))
      return false;
    if (elements === undefined) return true;
    const map = found.map(askedMap).find((name) => name !== undefined);
    return map !== undefined && this.#hasElements(map, elements);
  }

  #hasElements(map: string, wanted: readonly MapElement[]): boolean {
    const found = this.#socket.dump(listElements(this.#family, this.#table, map)).flat();
    return areAlike(found.map(elementText), wanted.map(elementText));
  }

  #listing<T>(operation: string, type: number, codec: Codec<T>): Query<T> {
    const table = this.#table;
    // Tables and chains are told of others, too.
    const ask = type === NFT_MSG_GETRULE ? { table } : {};
    return {
      ...message(operation, type, 0, this.#family, table, (to) => ruleAttributes.write(to, ask)),
      decode(payload) {
        netfilterHeader.read(payload);
        return codec.read(payload);
      },
    };
  }
}

/** What a rule says of a map of its own is known by numbers that are the batch's, or the kernel's. */
function isAlike(found: ListedExpression | undefined, sent: ListedExpression, hasMap: boolean): boolean {
  if (found?.name !== sent.name) return false;
  // To one that says nothing more the kernel adds nothing: masquerading by ports of somebody's choice, say, is another.
  if (sent.attributes.size === 0 && found.attributes.size > 0) return false;
  const ownMap = hasMap && sent.name === "lookup" ? [1, 4] : [];
  return [...sent.attributes].every(([type, bytes]) => {
    const there = found.attributes.get(type);
    return ownMap.includes(type) || (there !== undefined && Buffer.compare(there, bytes) === 0);
  });
}

function baseChainText({ name, type, hook, priority, policy = "accept" }: BaseChain): string {
  return JSON.stringify([name, type, hook, priority >>> 0, policies[policy]]);
}

function elementText({ key, data }: MapElement): string {
  if (data === undefined) return hex(key);
  const leadsTo = "value" in data ? hex(data.value) : `${data.verdict.code >>> 0} ${data.verdict.chain}`;
  return `${hex(key)} ${leadsTo}`;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** The kernel tells in an order of its own. */
function areAlike(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.toSorted().join("\n") === other.toSorted().join("\n");
}
