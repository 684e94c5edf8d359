/**
 * Whether our tables in the kernel are as we left them. Chains, rules and sets are compared with a listing that is taken right
 * after they were written; elements with those that are wanted.
 */
import { type NetNamespace, NftElementLister } from "@causeway/kernel";
import type { Finding, HealthItem } from "../contracts/health.ts";
import { listedLine, wantedLines } from "./element-lines.ts";
import { partsOf } from "./listing.ts";
import { isOperators, type TableFamily } from "./ruleset.ts";
import type { FirewallElement, FirewallSet, FirewallSets } from "./sets.ts";

/** Parts of our tables by what they are: `inet chain forward`, with all that makes it up. */
type Shape = ReadonlyMap<string, string>;

/** What stands in each of our tables, as nft prints it; undefined where there is none. */
type Listings = ReadonlyMap<TableFamily, string | undefined>;

/** Names of so many are told. */
const told = 5;

const mend =
  'call repair(), and keep what changes "causeway" tables from doing so: rules of your own go into the chain `user`';

export class TableInspector implements Disposable {
  readonly #lister: NftElementLister;
  readonly #table: string;
  readonly #families: readonly TableFamily[];
  readonly #sets: FirewallSets;
  #installed: Shape = new Map();

  constructor(
    table: string,
    families: readonly TableFamily[],
    sets: FirewallSets,
    namespace: NetNamespace | undefined,
  ) {
    this.#lister = new NftElementLister(namespace);
    this.#table = table;
    this.#families = families;
    this.#sets = sets;
  }

  /** The tables are as they are to be. */
  remember(listings: Listings): void {
    this.#installed = shapeOf(listings);
  }

  /** @param foreignDrops what is forwarded between interfaces that are not ours is to be dropped */
  inspect(
    listings: Listings,
    wanted: readonly FirewallElement[],
    foreignDrops: boolean,
  ): readonly HealthItem[] {
    const there = this.#families.filter((family) => listings.get(family) !== undefined);
    const missing = this.#families.filter((family) => !there.includes(family));
    const items = missing.map((family) =>
      finding("firewall_table_missing", "missing", `the nftables table ${family} ${this.#table} is missing`),
    );
    const altered = this.#altered(listings, there, foreignDrops);
    if (altered.length > 0) {
      const text = `chains, rules or sets are not as they were made: ${some(altered)}`;
      // Sets that are not ours any more are not looked into.
      return [...items, finding("firewall_rules_altered", "altered", text)].map(ofFirewall);
    }
    return [...items, ...this.#elements(there, wanted)].map(ofFirewall);
  }

  #altered(listings: Listings, there: readonly TableFamily[], foreignDrops: boolean): readonly string[] {
    const found = shapeOf(listings);
    const expected = new Map(
      [...this.#installed].filter(([name]) => there.some((family) => name.startsWith(`${family} `))),
    );
    // Its one rule comes and goes.
    if (expected.has(foreignChain)) expected.set(foreignChain, foreignDrops ? "\t\tdrop\n" : "");
    const names = new Set([...found.keys(), ...expected.keys()]);
    return [...names].filter((name) => found.get(name) !== expected.get(name));
  }

  #elements(there: readonly TableFamily[], wanted: readonly FirewallElement[]): Finding[] {
    const bySet = Map.groupBy(wanted, ({ set }) => set);
    const missing: string[] = [];
    const surplus: string[] = [];
    for (const set of Object.values(this.#sets)) {
      if (!there.some((family) => family === set.family)) continue;
      const expected = new Set((bySet.get(set) ?? []).flatMap(wantedLines));
      for (const line of this.#listed(set)) {
        if (!expected.delete(line)) surplus.push(`${set.name} ${line}`);
      }
      for (const line of expected) missing.push(`${set.name} ${line}`);
    }
    const findings: Finding[] = [];
    if (missing.length > 0) {
      const text = `${missing.length} elements are missing in our nftables sets: ${some(missing)}`;
      findings.push(finding("firewall_elements_missing", "missing", text));
    }
    if (surplus.length > 0) {
      const text = `there are ${surplus.length} elements in our nftables sets that nobody wants: ${some(surplus)}`;
      findings.push(finding("firewall_elements_surplus", "altered", text));
    }
    return findings;
  }

  #listed(set: FirewallSet): readonly string[] {
    return this.#lister
      .list(set)
      .map(listedLine)
      .filter((line) => line !== undefined);
  }

  [Symbol.dispose](): void {
    this.#lister[Symbol.dispose]();
  }
}

const foreignChain = "inet chain foreign";

/** All but what is the operator's. */
function shapeOf(listings: Listings): Shape {
  const shape = new Map<string, string>();
  for (const [family, listing] of listings) {
    for (const [part, body] of listing === undefined ? [] : partsOf(listing)) {
      if (!isOperators(part.slice(part.lastIndexOf(" ") + 1))) shape.set(`${family} ${part}`, body);
    }
  }
  return shape;
}

const subject = { kind: "firewall" } as const;
const ofFirewall = (item: Finding): HealthItem => ({ ...item, subject });

function finding(code: string, nature: Finding["nature"], message: string): Finding {
  return { code, nature, message, mend, repairable: true };
}

function some(names: readonly string[]): string {
  const more = names.length > told ? ` and ${names.length - told} more` : "";
  return `${names.slice(0, told).join(", ")}${more}`;
}
