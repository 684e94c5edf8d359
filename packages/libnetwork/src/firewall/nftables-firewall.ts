/**
 * The firewall in nf_tables: tables of our own, on a host `inet` and `bridge`, and never a rule in anybody else's.
 *
 * What is wanted is kept here in full; the kernel is told differences. Where it turns out not to be as we left it (somebody
 * flushed the rule set), everything is written anew in one transaction.
 */
import {
  DecodeError,
  isKernelError,
  type NetNamespace,
  NftContext,
  NftElements,
  NftError,
} from "@causeway/kernel";
import type { Firewall, FirewallChange, ForeignForwarding } from "../contracts/firewall.ts";
import { type HealthItem, looking } from "../contracts/health.ts";
import { type Tallied, Tally } from "../contracts/tally.ts";
import { CausewayError, conflict, invalid } from "../errors.ts";
import { type ClearText, clearText, emptyText } from "./clearing.ts";
import { distinct, type ElementDifference, ElementRegister } from "./element-register.ts";
import { foreignDrops } from "./foreign-chains.ts";
import { TableInspector } from "./inspection.ts";
import { commentIn, isDormant, namesIn, tableListing } from "./listing.ts";
import {
  elementsText,
  ourNames,
  type Ruleset,
  rulesets,
  type TableFamily,
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
  /** What the namespace is. Default: a host. */
  readonly place?: keyof typeof rulesets;
}

export class NftablesFirewall implements Firewall {
  readonly active = true;
  readonly #owner: string;
  readonly #table: string;
  readonly #ruleset: Ruleset;
  /** Of the tables that the rules are in. */
  readonly #families: readonly TableFamily[];
  readonly #sets: FirewallSets;
  readonly #wanted: WantedState;
  readonly #register = new ElementRegister();
  /** Rules, and elements that are subnets or verdicts. */
  readonly #context: NftContext;
  /** All other elements: a tenth of the time. */
  readonly #elements: NftElements;
  readonly #inspector: TableInspector;
  readonly #transactions = new Tally();
  #foreignForwarding: ForeignForwarding = "allow";
  /** What setUserRules ran, to be run again where somebody deletes a table. */
  #userRules = "";
  #installed = false;
  #tellUnguarded: () => void = () => undefined;

  /** @throws UnsupportedFeatureError where libnftables is not installed */
  constructor({ controllerId, table = "causeway", namespace, place = "host" }: NftablesFirewallOptions) {
    this.#owner = `causeway:${controllerId}`;
    this.#table = table;
    this.#ruleset = rulesets[place];
    this.#families = [...this.#ruleset.chains.keys()];
    this.#sets = firewallSets(table);
    this.#wanted = new WantedState(this.#sets);
    using opened = new DisposableStack();
    this.#context = opened.use(new NftContext(namespace));
    this.#elements = opened.use(new NftElements(namespace));
    this.#inspector = new TableInspector(table, this.#families, this.#sets, namespace);
    opened.move();
  }

  apply(change: FirewallChange): void {
    const wanted = this.#wanted.change(change);
    const difference = this.#register.change(wanted.remove, wanted.add);
    if (!this.#installed || difference.remove.length + difference.add.length === 0) return;
    try {
      this.#write(difference);
    } catch (error) {
      this.#register.change(wanted.add, wanted.remove);
      wanted.undo();
      // It may have been carried out all the same.
      if (isOutcomeLost(error)) this.install();
      throw error;
    }
  }

  get transactions(): Tallied {
    return this.#transactions.snapshot();
  }

  get isIdle(): boolean {
    return this.#wanted.isEmpty && this.#foreignForwarding === "allow";
  }

  checkTables(): boolean {
    return [...this.#listings().values()].some((listing) => listing !== undefined);
  }

  install(): void {
    // Once they stand, they are written anew only because they were not as they should be.
    const wereWhole = this.#wake() && !this.#installed;
    this.#replaceWith(this.#lostUserRules());
    this.#installed = true;
    this.#inspector.remember(this.#listings());
    if (!wereWhole) this.#tellUnguarded();
  }

  onUnguarded(listener: () => void): void {
    this.#tellUnguarded = listener;
  }

  inspect(): readonly HealthItem[] {
    return looking({ kind: "firewall" }, "the packet filter", () => {
      try {
        const drops = this.#foreignForwarding === "drop";
        return this.#inspector.inspect(this.#listings(), this.#wanted.elements(), drops);
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
      this.#run(`flush chain ${chain}\n${policy === "drop" ? `add rule ${chain} drop\n` : ""}`);
    }
    this.#foreignForwarding = policy;
  }

  setUserRules(statements: string): void {
    const emptied = this.#families.map((family) => `flush chain ${family} ${this.#table} ${userChain}\n`);
    const text = `${emptied.join("")}${statements}\n`;
    try {
      this.#run(text);
      this.#userRules = text;
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      throw invalid(
        "user_rules_refused",
        `the rules for the chain "${userChain}" are refused: ${error.message}`,
      );
    }
  }

  uninstall(): void {
    const ours = this.#families.filter((family) => this.#listing(family) !== undefined);
    if (ours.length > 0) {
      this.#run(ours.map((family) => `delete table ${family} ${this.#table}\n`).join(""));
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
        this.#transactions.of(() => this.#elements.change(difference));
      else this.#run(elementsText("delete", difference.remove) + elementsText("add", difference.add));
    } catch (error) {
      // Not there what we put there, or there what we did not: somebody else has been at our tables.
      if (!meansDivergence(error)) throw error;
      this.install();
    }
  }

  /** The operator's rules, where they went with a table that somebody deleted. */
  #lostUserRules(): string {
    const isLost = this.#installed && [...this.#listings().values()].includes(undefined);
    return isLost ? this.#userRules : "";
  }

  #replaceWith(userRules: string): void {
    try {
      this.#replace(clearText, userRules);
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      // They were taken once, and are not any more: ours have to stand all the same.
      if (userRules !== "") this.#replaceWith("");
      // The operator's rules refer to what would be deleted.
      else if (error.code === "EBUSY") this.#replace(emptyText, userRules);
      else throw error;
    }
  }

  #replace(clear: ClearText, userRules: string): void {
    const replace = this.#families.map((family) => this.#replaceText(family, clear)).join("");
    this.#run(replace + elementsText("add", distinct(this.#wanted.elements())) + userRules);
  }

  #run(commands: string): void {
    this.#transactions.of(() => this.#context.run(commands));
  }

  /**
   * The kernel refuses to wake a table that somebody made dormant in the transaction that adds chains to it.
   *
   * @returns whether both tables stood, and were awake
   */
  #wake(): boolean {
    const texts = this.#families.map((family) => [family, this.#listing(family)] as const);
    const dormant = texts.filter(([, text = ""]) => isDormant(text));
    for (const [family] of dormant) this.#run(`add table ${family} ${this.#table}\n`);
    return dormant.length === 0 && texts.every(([, text]) => text !== undefined);
  }

  /** A table with sets and chains and no elements, in the place of what is there; the operator's chains stay. */
  #replaceText(family: TableFamily, clear: ClearText): string {
    const name = `${family} ${this.#table}`;
    const listing = this.#listing(family);
    const cleared =
      listing === undefined
        ? `add table ${name} { comment "${this.#owner}"; }\n`
        : clear(name, namesIn(listing), ourNames(family, this.#ruleset, this.#sets));
    const foreign = family === "inet" ? `add chain ${name} foreign\n` : "";
    const foreignRule =
      foreign !== "" && this.#foreignForwarding === "drop" ? `add rule ${name} foreign drop\n` : "";
    const user = this.#ruleset.isOperators ? `add chain ${name} ${userChain}\n` : "";
    const text = tableText(family, this.#table, this.#ruleset, this.#sets);
    return `${cleared}${user}${foreign}${foreignRule}${text}`;
  }

  #listings(): ReadonlyMap<TableFamily, string | undefined> {
    return new Map(this.#families.map((family) => [family, this.#listing(family)]));
  }

  /**
   * What is in our table, without elements; undefined where there is no such table.
   *
   * @throws firewall_table_taken where it is somebody else's
   */
  #listing(family: TableFamily): string | undefined {
    const text = tableListing(this.#context, family, this.#table);
    if (text === undefined) return undefined;
    const comment = commentIn(text);
    if (comment !== this.#owner) throw tableTaken(`${family} ${this.#table}`, comment);
    return text;
  }
}

/** Elements that go by netlink; subnets and verdicts go by libnftables. */
const isPlain = ({ set }: FirewallElement) => set.interval === undefined && set.verdict === undefined;

/** The kernel's answer could not be received, or not be read. */
function isOutcomeLost(error: unknown): boolean {
  return error instanceof DecodeError || (isKernelError(error) && error.operation === "recv");
}

function meansDivergence(error: unknown): boolean {
  if (isKernelError(error, "ENOENT", "EEXIST")) return true;
  return error instanceof NftError && (error.code === "ENOENT" || error.code === "EEXIST");
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
