/**
 * Other people's chains that drop what is forwarded (Docker, firewalld, ufw): a packet has to pass the chains of every table, and
 * no verdict of ours spares it theirs. They let our networks be once they accept the link group of our bridges.
 */
import type { NftContext, NftObject, NftProperties } from "@causeway/kernel";
import { bridgeGroup } from "../contracts/firewall.ts";
import type { HealthItem } from "../contracts/health.ts";

/** @param ownTable the name of our tables */
export function foreignDrops(context: Pick<NftContext, "list">, ownTable: string): readonly HealthItem[] {
  const chains = propertiesOf(context.list("chains"), "chain").filter(
    ({ hook, type, family, table }) =>
      hook === "forward" &&
      type === "filter" &&
      ["ip", "ip6", "inet"].includes(String(family)) &&
      table !== ownTable,
  );
  return chains.flatMap((chain) => {
    const { family, table, name, policy } = chain;
    const rules = propertiesOf(context.list(`table ${family} ${table}`, { terse: true }), "rule");
    const last = rules.filter((rule) => rule.chain === name).at(-1);
    if (policy !== "drop" && !(last !== undefined && refusesAll(last))) return [];
    if (rules.some(accepts("iifgroup")) && rules.some(accepts("oifgroup"))) return [];
    return [dropItem(`${family} ${table}`, String(name))];
  });
}

function propertiesOf(listing: readonly NftObject[], kind: string): readonly NftProperties[] {
  return listing.map((object) => object[kind]).filter((found) => found !== undefined);
}

/** Statements of iptables' own, which nft has no JSON for, are texts. */
function expressions({ expr }: NftProperties): readonly (string | Readonly<Record<string, unknown>>)[] {
  return Array.isArray(expr) ? expr.filter((item) => typeof item !== "object" || !("counter" in item)) : [];
}

/** What comes to it goes no further: firewalld's last rule. */
function refusesAll(rule: NftProperties): boolean {
  const [only, ...more] = expressions(rule);
  return more.length === 0 && typeof only === "object" && ("drop" in only || "reject" in only);
}

/** Lets through what comes from our bridges, or goes to them; of iptables' match not all is shown, and it is believed. */
function accepts(key: "iifgroup" | "oifgroup"): (rule: NftProperties) => boolean {
  const numbers = [String(bridgeGroup), `0x${bridgeGroup.toString(16)}`];
  return (rule) => {
    const text = JSON.stringify(expressions(rule));
    if (!text.includes('"accept"')) return false;
    return (
      text.includes("devgroup") || (text.includes(key) && numbers.some((number) => text.includes(number)))
    );
  };
}

function dropItem(table: string, chain: string): HealthItem {
  const rule = (key: string) => `nft insert rule ${table} ${chain} ${key} ${bridgeGroup} accept`;
  return {
    code: "forward_dropped",
    nature: "foreign",
    subject: { kind: "host" },
    message: `chain ${chain} of the nftables table ${table} drops forwarded packets, those of networks among them`,
    mend: `let our bridges' link group pass there: "${rule("iifgroup")}" and "${rule("oifgroup")}", or in iptables "-m devgroup --src-group ${bridgeGroup} -j ACCEPT" and the same with --dst-group`,
    repairable: false,
  };
}
