/**
 * The rules, a small and fixed number of them: what differs from one host to the next is in the sets.
 *
 * The text is nft(8)'s. README.md says what holds; the comments here say why a rule is where it is.
 */
import { dataText, type NftFamily } from "@causeway/kernel";
import { bridgeChains, segmentChains } from "./bridge-chains.ts";
import { inetChains } from "./inet-chains.ts";
import type { FirewallElement, FirewallSet, FirewallSets } from "./sets.ts";

/** The families of our tables. */
export type TableFamily = Extract<NftFamily, "inet" | "bridge">;

/** The chain that belongs to the operator, and the beginning of the names of all else in our tables that does. */
export const userChain = "user";

export function isOperators(name: string): boolean {
  return name === userChain || name.startsWith(`${userChain}_`);
}

/** Verdicts that elements lead to. */
export const verdicts = {
  accept: "accept",
  drop: "drop",
  apart: "goto apart",
  nat: "goto nat",
  "nat-unprotected": "goto nat_unprotected",
  routed: "goto routed",
} as const;

/** All rules of one kind of place. */
export interface Ruleset {
  /** Of each of our tables there. */
  readonly chains: ReadonlyMap<TableFamily, string>;
  /** The operator has a chain of rules in each of them. */
  readonly isOperators: boolean;
}

export const rulesets: Readonly<Record<"host" | "segment", Ruleset>> = {
  host: {
    chains: new Map([
      ["inet", inetChains],
      ["bridge", bridgeChains],
    ]),
    isOperators: true,
  },
  /** Of a namespace that has nothing but one bridge: nothing there has an address. */
  segment: { chains: new Map([["bridge", segmentChains]]), isOperators: false },
};

/** Names of our chains and sets in one table; the operator's chain is none of them. */
export function ourNames(family: TableFamily, ruleset: Ruleset, sets: FirewallSets): ReadonlySet<string> {
  const text = ruleset.chains.get(family) ?? "";
  const chains = [...text.matchAll(/^ {2}chain (\w+)/gm)].map(([, name = ""]) => name);
  const ofFamily = Object.values(sets).filter((set) => set.family === family);
  return new Set([...chains, "foreign", ...ofFamily.map(({ name }) => name)]);
}

/** Sets and chains of one table, the sets empty. `user` and `foreign` are there already. */
export function tableText(family: TableFamily, table: string, ruleset: Ruleset, sets: FirewallSets): string {
  const declarations = Object.values(sets)
    .filter((set) => set.family === family)
    .map(setText);
  return `table ${family} ${table} {\n${declarations.join("\n")}\n${ruleset.chains.get(family) ?? ""}}\n`;
}

function setText(set: FirewallSet): string {
  const kind = set.data === undefined && set.verdict === undefined ? "set" : "map";
  const type =
    set.keyExpression === undefined ? `type ${set.key.join(" . ")}` : `typeof ${set.keyExpression}`;
  const data = set.verdict ? " : verdict" : set.data === undefined ? "" : ` : ${set.data.join(" . ")}`;
  const flags = set.interval ? " flags interval;" : "";
  return `  ${kind} ${set.name} { ${type}${data};${flags} }`;
}

/** One command a set: `add element inet causeway bridges { "br0", "br1" }`. */
export function elementsText(operation: "add" | "delete", elements: readonly FirewallElement[]): string {
  const bySet = new Map<FirewallSet, string[]>();
  for (const element of elements) {
    const text = elementText(element, operation === "add");
    const others = bySet.get(element.set);
    if (others === undefined) bySet.set(element.set, [text]);
    else others.push(text);
  }
  return [...bySet]
    .map(
      ([set, texts]) =>
        `${operation} element ${set.family} ${set.table} ${set.name} { ${texts.join(", ")} }\n`,
    )
    .join("");
}

function elementText({ set, key, data }: FirewallElement, withData: boolean): string {
  const keyText = dataText(set.key, key);
  if (!withData || data === undefined) return keyText;
  return `${keyText} : ${set.data === undefined ? data.join(" ") : dataText(set.data, data)}`;
}
