/**
 * Whether our tables in the kernel are as we left them. Chains, rules and sets are compared with a listing that is taken right
 * after they were written; elements with those that are wanted.
 */
import { type NetNamespace, type NftContext, NftElementLister, type NftObject } from "@causeway/kernel";
import type { Finding, HealthItem } from "../contracts/health.ts";
import { listedLine, wantedLines } from "./element-lines.ts";
import { isOperators, type TableFamily, tableFamilies } from "./ruleset.ts";
import type { FirewallElement, FirewallSet, FirewallSets } from "./sets.ts";

/** Objects of our tables by what they are: `inet chain forward`, with all that makes it up. */
type Shape = ReadonlyMap<string, string>;

/** Names of so many are told. */
const told = 5;

const mend =
  'call repair(), and keep what changes "causeway" tables from doing so: rules of your own go into the chain `user`';

export class TableInspector implements Disposable {
  readonly #context: NftContext;
  readonly #lister: NftElementLister;
  readonly #table: string;
  readonly #sets: FirewallSets;
  #installed: Shape = new Map();

  constructor(context: NftContext, table: string, sets: FirewallSets, namespace: NetNamespace | undefined) {
    this.#context = context;
    this.#lister = new NftElementLister(namespace);
    this.#table = table;
    this.#sets = sets;
  }

  /** The tables are as they are to be. */
  remember(): void {
    this.#installed = this.#shape(tableFamilies);
  }

  /**
   * @param there the tables that there are
   * @param foreignDrops what is forwarded between interfaces that are not ours is to be dropped
   */
  inspect(
    there: readonly TableFamily[],
    wanted: readonly FirewallElement[],
    foreignDrops: boolean,
  ): readonly HealthItem[] {
    const missing = tableFamilies.filter((family) => !there.includes(family));
    const items = missing.map((family) =>
      finding("firewall_table_missing", "missing", `the nftables table ${family} ${this.#table} is missing`),
    );
    const altered = this.#altered(there, foreignDrops);
    if (altered.length > 0) {
      const text = `chains, rules or sets are not as they were made: ${some(altered)}`;
      // Sets that are not ours any more are not looked into.
      return [...items, finding("firewall_rules_altered", "altered", text)].map(ofFirewall);
    }
    return [...items, ...this.#elements(there, wanted)].map(ofFirewall);
  }

  #altered(there: readonly TableFamily[], foreignDrops: boolean): readonly string[] {
    const found = this.#shape(there);
    const expected = new Map(
      [...this.#installed].filter(([name]) => there.some((family) => name.startsWith(`${family} `))),
    );
    // Its one rule comes and goes.
    for (const name of expected.keys()) {
      if (name === foreignChain) expected.set(name, foreignDrops ? droppingChain : emptyChain);
    }
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

  #shape(families: readonly TableFamily[]): Shape {
    const shape = new Map<string, string>();
    for (const family of families) {
      for (const object of this.#context.list(`table ${family} ${this.#table}`, { terse: true })) {
        addTo(shape, family, object);
      }
    }
    return shape;
  }

  [Symbol.dispose](): void {
    this.#lister[Symbol.dispose]();
  }
}

const foreignChain = "inet chain foreign";
const emptyChain = "{}";
const droppingChain = `${emptyChain} [{"drop":null}]`;

/** Handles count up, and the table has its comment in some versions of nft's listing only. */
function addTo(shape: Map<string, string>, family: TableFamily, object: NftObject): void {
  for (const [
    kind,
    { handle: _, family: _family, table: _table, name, comment, elem, ...rest },
  ] of Object.entries(object)) {
    if (kind === "rule") {
      const { chain, expr } = rest;
      if (isOperators(String(chain))) continue;
      const key = `${family} chain ${chain}`;
      shape.set(key, `${shape.get(key)} ${JSON.stringify(expr)}`);
    } else if (!isOperators(String(name))) {
      shape.set(`${family} ${kind} ${name}`, JSON.stringify(rest));
    }
  }
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
