/**
 * The firewall in nf_tables: two tables of our own, `inet` and `bridge`, and never a rule in anybody else's.
 *
 * What is wanted is kept here in full; the kernel is told differences. Where it turns out not to be as we left it (somebody
 * flushed the rule set), everything is written anew in one transaction.
 */
import {
  isKernelError,
  type NetNamespace,
  NftContext,
  NftElements,
  NftError,
  type NftObject,
} from "@causeway/kernel";
import type { Firewall, FirewallChange, ForeignForwarding } from "../contracts/firewall.ts";
import { type HealthItem, looking } from "../contracts/health.ts";
import { CausewayError, conflict } from "../errors.ts";
import { distinct, type ElementDifference, ElementRegister } from "./element-register.ts";
import { foreignDrops } from "./foreign-chains.ts";
import { TableInspector } from "./inspection.ts";
import { tableListing } from "./listing.ts";
import {
  elementsText,
  isOperators,
  type TableFamily,
  tableFamilies,
  tableText,
  userChain,
} from "./ruleset.ts";
import { type FirewallElement, type FirewallSets, firewallSets } from "./sets.ts";
import { WantedState } from "./wanted.ts";

export interface NftablesFirewallOptions {
  /** Whose tables they are: written into them, so that two controllers on one host do not take each other's. */
  readonly controllerId: string;
  /** The name of both tables. Default: `causeway`. */
  readonly table?: string;
  /** The host. Default: the calling thread's namespace. */
  readonly namespace?: NetNamespace;
}

export class NftablesFirewall implements Firewall {
  readonly active = true;
  readonly #owner: string;
  readonly #table: string;
  readonly #sets: FirewallSets;
  readonly #wanted: WantedState;
  readonly #register = new ElementRegister();
  /** Rules, and elements that are subnets or verdicts. */
  readonly #context: NftContext;
  /** All other elements: a tenth of the time. */
  readonly #elements: NftElements;
  readonly #inspector: TableInspector;
  #foreignForwarding: ForeignForwarding = "allow";
  #installed = false;

  /** @throws UnsupportedFeatureError where libnftables is not installed */
  constructor({ controllerId, table = "causeway", namespace }: NftablesFirewallOptions) {
    this.#owner = `causeway:${controllerId}`;
    this.#table = table;
    this.#sets = firewallSets(table);
    this.#wanted = new WantedState(this.#sets);
    this.#context = new NftContext(namespace);
    this.#elements = new NftElements(namespace);
    this.#inspector = new TableInspector(table, this.#sets, namespace);
  }

  apply(change: FirewallChange): void {
    const wanted = this.#wanted.change(change);
    const difference = this.#register.change(wanted.remove, wanted.add);
    if (!this.#installed) return;
    try {
      this.#write(difference);
    } catch (error) {
      this.#register.change(wanted.add, wanted.remove);
      wanted.undo();
      throw error;
    }
  }

  checkTables(): void {
    for (const family of tableFamilies) this.#ownedText(family);
  }

  install(): void {
    this.#wake();
    const replace = tableFamilies.map((family) => this.#replaceText(family)).join("");
    this.#context.run(replace + elementsText("add", distinct(this.#wanted.elements())));
    this.#installed = true;
    this.#inspector.remember(new Map(tableFamilies.map((family) => [family, this.#ownedText(family)])));
  }

  inspect(): readonly HealthItem[] {
    return looking({ kind: "firewall" }, "the packet filter", () => {
      try {
        const listings = new Map(tableFamilies.map((family) => [family, this.#ownedText(family)]));
        const drops = this.#foreignForwarding === "drop";
        return this.#inspector.inspect(listings, this.#wanted.elements(), drops);
      } catch (error) {
        if (!(error instanceof CausewayError)) throw error;
        return [tableTakenItem(error)];
      }
    });
  }

  inspectForeign(): readonly HealthItem[] {
    return looking({ kind: "host" }, "other people's nftables rules", () =>
      foreignDrops(this.#context, this.#table),
    );
  }

  setForeignForwarding(policy: ForeignForwarding): void {
    if (this.#installed) {
      const chain = `inet ${this.#table} foreign`;
      this.#context.run(`flush chain ${chain}\n${policy === "drop" ? `add rule ${chain} drop\n` : ""}`);
    }
    this.#foreignForwarding = policy;
  }

  uninstall(): void {
    const ours = tableFamilies.filter((family) => this.#ownedText(family) !== undefined);
    if (ours.length > 0) {
      this.#context.run(ours.map((family) => `delete table ${family} ${this.#table}\n`).join(""));
    }
    this.#installed = false;
  }

  close(): void {
    this.#context[Symbol.dispose]();
    this.#elements[Symbol.dispose]();
    this.#inspector[Symbol.dispose]();
  }

  #write(difference: ElementDifference): void {
    try {
      if (difference.remove.every(isPlain) && difference.add.every(isPlain))
        this.#elements.change(difference);
      else this.#context.run(elementsText("delete", difference.remove) + elementsText("add", difference.add));
    } catch (error) {
      // Not there what we put there, or there what we did not: somebody else has been at our tables.
      if (!meansDivergence(error)) throw error;
      this.install();
    }
  }

  /** The kernel refuses to wake a table that somebody made dormant in the transaction that adds chains to it. */
  #wake(): void {
    for (const family of tableFamilies) {
      const isDormant = /^\tflags .*dormant/m.test(this.#ownedText(family) ?? "");
      if (isDormant) this.#context.run(`add table ${family} ${this.#table}\n`);
    }
  }

  /** A table with sets and chains and no elements, in the place of what is there; the operator's chains stay. */
  #replaceText(family: TableFamily): string {
    const name = `${family} ${this.#table}`;
    const listing = this.#ownedTable(family);
    const clear =
      listing === undefined ? `add table ${name} { comment "${this.#owner}"; }\n` : clearText(name, listing);
    const foreign = family === "inet" ? `add chain ${name} foreign\n` : "";
    const foreignRule =
      foreign !== "" && this.#foreignForwarding === "drop" ? `add rule ${name} foreign drop\n` : "";
    return `${clear}add chain ${name} ${userChain}\n${foreign}${foreignRule}${tableText(family, this.#table, this.#sets)}`;
  }

  /**
   * What is in our table, without elements; undefined where there is no such table.
   *
   * @throws firewall_table_taken where it is somebody else's
   */
  #ownedTable(family: TableFamily): readonly NftObject[] | undefined {
    if (this.#ownedText(family) === undefined) return undefined;
    const listing = this.#context.list(`ruleset ${family}`, { terse: true });
    return listing.filter((object) => Object.values(object).some(({ table }) => table === this.#table));
  }

  /** The same as nft prints it. */
  #ownedText(family: TableFamily): string | undefined {
    const text = tableListing(this.#context, family, this.#table);
    if (text === undefined) return undefined;
    // The JSON listing of nft 1.0.6 leaves a table's comment out.
    const comment = /^\tcomment "(.*)"$/m.exec(text)?.[1];
    if (comment !== this.#owner) throw tableTaken(`${family} ${this.#table}`, comment);
    return text;
  }
}

/** Elements that go by netlink; subnets and verdicts go by libnftables. */
const isPlain = ({ set }: FirewallElement) => set.interval === undefined && set.verdict === undefined;

function meansDivergence(error: unknown): boolean {
  if (isKernelError(error, "ENOENT", "EEXIST")) return true;
  return error instanceof NftError && (error.code === "ENOENT" || error.code === "EEXIST");
}

/** Rules first, for they use the sets; sets next, for their verdicts use the chains. */
function clearText(table: string, listing: readonly NftObject[]): string {
  const names = (kind: string) =>
    listing.flatMap((object) => {
      const name = object[kind]?.name;
      return typeof name === "string" && !isOperators(name) ? [name] : [];
    });
  const chains = names("chain");
  return [
    ...chains.map((chain) => `flush chain ${table} ${chain}\n`),
    ...names("set").map((set) => `delete set ${table} ${set}\n`),
    ...names("map").map((map) => `delete map ${table} ${map}\n`),
    ...chains.map((chain) => `delete chain ${table} ${chain}\n`),
  ].join("");
}

function tableTaken(name: string, comment: string | undefined): Error {
  const owner = comment === undefined ? "somebody who left no name" : `"${comment}"`;
  return conflict(
    "firewall_table_taken",
    `the nftables table ${name} belongs to ${owner}: give this controller's tables another name by options.firewallTable, or remove that one with "nft delete table ${name}"`,
    { table: name, owner: comment },
  );
}

function tableTakenItem({ code, message }: CausewayError): HealthItem {
  const mend = "remove that table, or give this controller's another name, and open again";
  return { code, nature: "foreign", subject: { kind: "firewall" }, message, mend, repairable: false };
}
