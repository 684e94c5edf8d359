// What a network namespace holds, as sorted lines of text: what differs of two states says what was changed.

import assert from "node:assert/strict";
import {
  address,
  isKernelError,
  link,
  type NetNamespace,
  NftContext,
  type NftObject,
  Rtnl,
  readSysctl,
  route,
  rule,
} from "@causeway/kernel";
import { heldPorts } from "./held-ports.ts";

/** Lines `link ...`, `address ...`, `route ...`, `rule ...`, `port ...`, `nft ...`, `element ...` and `sysctl ...`. */
export function kernelState(namespace: NetNamespace): readonly string[] {
  using context = new NftContext(namespace);
  return [
    ...stackState(namespace),
    ...heldPorts(namespace),
    ...packetFilter(context),
    ...sysctls(namespace, ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"]),
  ].sort();
}

/** Lines `link ...`, `address ...`, `route ...` and `rule ...`. */
export function stackState(namespace: NetNamespace): readonly string[] {
  using rtnl = new Rtnl(namespace);
  const all = rtnl.dump(link.list());
  const names = new Map(all.map(({ index, name }) => [index, name]));
  const nameOf = (index: number | undefined) => (index === undefined ? "-" : (names.get(index) ?? index));
  // The table of an interface that is not the way out: netstack/routing.ts.
  const tableOf = (table: number) => names.get(table - 10_000) ?? table;
  return [
    ...all.map(
      (item) =>
        `link ${item.name} ${item.info?.kind ?? "-"} mac ${item.address} mtu ${item.mtu} group ${item.group}` +
        ` of ${nameOf(item.master)}${portSettings(item)} ${link.isUp(item) ? "up" : "down"} alias ${item.alias ?? "-"}`,
    ),
    ...rtnl
      .dump(address.list())
      .map((item) => `address ${item.address}/${item.prefixLength} on ${nameOf(item.link)}`),
    ...rtnl
      .dump(route.list())
      // The kernel's own, of the addresses of this host: it follows the addresses.
      .filter(({ table }) => table !== route.localTable)
      .map((item) => {
        const via = item.gateway === undefined ? "" : ` via ${item.gateway}`;
        const from = item.preferredSource === undefined ? "" : ` from ${item.preferredSource}`;
        return (
          `route ${item.type} ${item.destination}${via} by ${nameOf(item.link)}${from}` +
          ` priority ${item.priority ?? 0} table ${tableOf(item.table)}`
        );
      }),
    ...([4, 6] as const)
      .flatMap((family) => rtnl.dump(rule.list({ family })))
      .map(
        (item) =>
          `rule IPv${item.family} ${item.priority} from ${item.source ?? "all"} ${item.action} ${tableOf(item.table)}` +
          ` suppress ${item.suppressPrefixLength ?? "-"}`,
      ),
  ];
}

/** The settings of a bridge's port that are ours to make. */
function portSettings({ info }: link.Link): string {
  if (info?.bridgePort === undefined) return "";
  const { hairpin, isolated, multicastRouter, groupForwardMask } = info.bridgePort;
  return ` port ${JSON.stringify({ hairpin, isolated, multicastRouter, groupForwardMask })}`;
}

/** Lines `nft ...` and `element ...`. */
export function packetFilter(context: NftContext): string[] {
  const count = new Map<string, number>();
  // The order of a chain's rules is of meaning; of the rest it is not.
  const place = (chain: string) => {
    const next = (count.get(chain) ?? 0) + 1;
    count.set(chain, next);
    return next;
  };
  return context.list("ruleset").flatMap((object) => describe(object, place));
}

/** Handles count up and are left out; elements come in any order, so each is a line of its own. */
function describe(object: NftObject, place: (chain: string) => number): string[] {
  return Object.entries(object).flatMap(([kind, { handle: _, elem, ...properties }]) => {
    const owner = `${properties.family} ${properties.table} ${properties.name}`;
    const elements = Array.isArray(elem) ? elem : [];
    const chain = `${properties.family} ${properties.table} ${properties.chain}`;
    const number = kind === "rule" ? ` ${chain} ${place(chain)}` : "";
    return [
      `nft ${kind}${number} ${JSON.stringify(properties)}`,
      ...elements.map((element) => `element ${owner} ${JSON.stringify(element)}`),
    ];
  });
}

/** Lines `sysctl ...`; none for what is not there: a link may have gone since it was listed. */
export function sysctls(namespace: NetNamespace, keys: readonly string[]): string[] {
  const lineOf = (key: string) => {
    try {
      return [`sysctl ${key} ${readSysctl(key)}`];
    } catch (error) {
      if (isKernelError(error, "ENOENT")) return [];
      throw error;
    }
  };
  return namespace.run(() => keys.flatMap(lineOf));
}

/** Fails where two states differ, and shows the lines that do. */
export function assertSameState(after: readonly string[], before: readonly string[], message: string): void {
  assert.equal(differences(after, before).join("\n"), "", message);
}

/** `+ line` for each that is only, or more often, in the first; `- line` for the second. */
export function differences(after: readonly string[], before: readonly string[]): readonly string[] {
  const count = new Map<string, number>();
  for (const line of after) count.set(line, (count.get(line) ?? 0) + 1);
  for (const line of before) count.set(line, (count.get(line) ?? 0) - 1);
  return [...count]
    .filter(([, difference]) => difference !== 0)
    .map(([line, difference]) => `${difference > 0 ? "+" : "-"} ${line}`);
}

/** Without the open files of this process: where threads come and go that have some of their own. */
export function withoutOpenFiles(state: readonly string[]): readonly string[] {
  return state.filter((line) => !line.startsWith("open "));
}
