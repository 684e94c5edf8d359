/**
 * Making room in a table of ours that stands, as the first part of the transaction that fills it anew: what an earlier run left
 * goes, the operator's chains stay.
 */
import type { TableNames } from "./listing.ts";
import { isOperators } from "./ruleset.ts";

/** @param ours names of the chains and sets that are about to be made */
export type ClearText = (table: string, listing: TableNames, ours: ReadonlySet<string>) => string;

/** Deletes everything but what is the operator's by its name. Rules first, for they use the sets; sets next, for their verdicts use the chains. */
export const clearText: ClearText = (table, { chains, sets, maps }) => {
  const going = chains.filter(isNotOperators);
  return [
    ...going.map((chain) => `flush chain ${table} ${chain}\n`),
    ...sets.filter(isNotOperators).map((set) => `delete set ${table} ${set}\n`),
    ...maps.filter(isNotOperators).map((map) => `delete map ${table} ${map}\n`),
    ...going.map((chain) => `delete chain ${table} ${chain}\n`),
  ].join("");
};

/**
 * Empties what is ours, and deletes of the rest only chains with a hook: for the operator's rules may jump to any other chain, and
 * look into any set. What is about to be made must be of the kind that is there.
 */
export const emptyText: ClearText = (table, { chains, hooked, sets, maps }, ours) => {
  const isOurs = (name: string) => ours.has(name);
  const strangers = hooked.filter((name) => isNotOperators(name) && !isOurs(name));
  return [
    ...[...chains.filter(isOurs), ...strangers].map((chain) => `flush chain ${table} ${chain}\n`),
    ...strangers.map((chain) => `delete chain ${table} ${chain}\n`),
    ...sets.filter(isOurs).map((set) => `flush set ${table} ${set}\n`),
    ...maps.filter(isOurs).map((map) => `flush map ${table} ${map}\n`),
  ].join("");
};

const isNotOperators = (name: string) => !isOperators(name);
