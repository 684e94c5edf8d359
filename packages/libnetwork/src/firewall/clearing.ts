/**
 * Making room in a table of ours that stands, as the first part of the transaction that fills it anew: what an earlier run left
 * goes, the operator's chains stay.
 */
import type { NftObject } from "@causeway/kernel";
import { userChain } from "./ruleset.ts";

/**
 * @param listing what is in the table
 * @param ours names of the chains and sets that are about to be made
 */
export type ClearText = (table: string, listing: readonly NftObject[], ours: ReadonlySet<string>) => string;

/** Deletes everything but the operator's chains. Rules first, for they use the sets; sets next, for their verdicts use the chains. */
export const clearText: ClearText = (table, listing) => {
  const chains = namesOf(listing, "chain").filter((name) => !isOperators(name));
  return [
    ...chains.map((chain) => `flush chain ${table} ${chain}\n`),
    ...namesOf(listing, "set").map((set) => `delete set ${table} ${set}\n`),
    ...namesOf(listing, "map").map((map) => `delete map ${table} ${map}\n`),
    ...chains.map((chain) => `delete chain ${table} ${chain}\n`),
  ].join("");
};

/**
 * Empties what is ours, and deletes of the rest only chains with a hook: for the operator's rules may jump to any other chain, and
 * look into any set. What is about to be made must be of the kind that is there.
 */
export const emptyText: ClearText = (table, listing, ours) => {
  const hooked = namesOf(listing, "chain", ({ hook }) => hook !== undefined).filter(
    (name) => !isOperators(name) && !ours.has(name),
  );
  const isOurs = (name: string) => ours.has(name);
  return [
    ...namesOf(listing, "chain")
      .filter(isOurs)
      .map((chain) => `flush chain ${table} ${chain}\n`),
    ...hooked.map((chain) => `flush chain ${table} ${chain}\ndelete chain ${table} ${chain}\n`),
    ...["set", "map"].flatMap((kind) =>
      namesOf(listing, kind)
        .filter(isOurs)
        .map((name) => `flush ${kind} ${table} ${name}\n`),
    ),
  ].join("");
};

function namesOf(
  listing: readonly NftObject[],
  kind: string,
  isMeant: (properties: Readonly<Record<string, unknown>>) => boolean = () => true,
): readonly string[] {
  return listing.flatMap((object) => {
    const properties = object[kind];
    const name = properties?.name;
    return properties !== undefined && typeof name === "string" && isMeant(properties) ? [name] : [];
  });
}

function isOperators(name: string): boolean {
  return name === userChain || name.startsWith(`${userChain}_`);
}
