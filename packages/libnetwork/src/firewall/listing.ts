/**
 * A table as nft prints it, without elements, and what is to be read in it. Of the whole rule set of its family, for of a single
 * table nft reads every element before it leaves them out: ten times as long with a thousand published ports. The text, for nft's JSON leaves a
 * table's comment out (seen with 1.0.6).
 */
import type { NftContext } from "@causeway/kernel";
import type { TableFamily } from "./ruleset.ts";

/** What stands between the braces; undefined where there is no such table. */
export function tableListing(context: NftContext, family: TableFamily, table: string): string | undefined {
  const text = context.run(`list ruleset ${family}`, { terse: true });
  const head = `table ${family} ${table} {\n`;
  const start = `\n${text}`.indexOf(`\n${head}`);
  if (start < 0) return undefined;
  const body = start + head.length;
  const end = text.indexOf("\n}\n", body);
  return text.slice(body, end + 1);
}

/** Names of what is in a table. */
export interface TableNames {
  readonly chains: readonly string[];
  /** Those of the chains that the kernel calls by itself. */
  readonly hooked: readonly string[];
  readonly sets: readonly string[];
  readonly maps: readonly string[];
}

export function namesIn(text: string): TableNames {
  const named = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = ""]) => name);
  return {
    chains: named(/^\tchain (\S+) \{/gm),
    hooked: named(/^\tchain (\S+) \{\n(?:\t\tcomment .*\n)?\t\ttype \w+ hook /gm),
    sets: named(/^\tset (\S+) \{/gm),
    maps: named(/^\tmap (\S+) \{/gm),
  };
}

/** Chains, sets and maps by what they are, `chain forward`; what else is said of the table stands under `table`. */
export function partsOf(text: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  const rest = text.replaceAll(/^\t(\S.*?) \{\n([\s\S]*?)^\t\}\n/gm, (_, name: string, body: string) => {
    parts.set(name, body);
    return "";
  });
  return parts.set("table", rest.trim());
}

/** The table's comment; undefined where it has none. */
export function commentIn(text: string): string | undefined {
  return /^\tcomment "(.*)"$/m.exec(text)?.[1];
}

/** Nothing of the table is in force. */
export function isDormant(text: string): boolean {
  return /^\tflags .*dormant/m.test(text);
}
