/**
 * A table as nft prints it, without elements. Of the whole rule set of its family, for of a single table nft reads every element
 * before it leaves them out: ten times as long with a thousand published ports.
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

/** Chains, sets and maps by what they are, `chain forward`; what else is said of the table stands under `table`. */
export function partsOf(listing: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  const rest = listing.replaceAll(/^\t(\S.*?) \{\n([\s\S]*?)^\t\}\n/gm, (_, name: string, body: string) => {
    parts.set(name, body);
    return "";
  });
  return parts.set("table", rest.trim());
}
