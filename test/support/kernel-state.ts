// What a network namespace holds, as sorted lines of text: what differs of two states says what was changed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  address,
  link,
  type NetNamespace,
  NftContext,
  type NftObject,
  Rtnl,
  readSysctl,
  route,
  rule,
} from "@causeway/kernel";

/** Lines `link ...`, `address ...`, `route ...`, `rule ...`, `port ...`, `nft ...`, `element ...` and `sysctl ...`. */
export function kernelState(namespace: NetNamespace): readonly string[] {
  return [
    ...links(namespace),
    ...heldPorts(namespace),
    ...packetFilter(namespace),
    ...sysctls(namespace),
  ].sort();
}

function links(namespace: NetNamespace): string[] {
  using rtnl = new Rtnl(namespace);
  const all = rtnl.dump(link.list());
  const names = new Map(all.map(({ index, name }) => [index, name]));
  const nameOf = (index: number | undefined) => (index === undefined ? "-" : (names.get(index) ?? index));
  return [
    ...all.map(
      (item) =>
        `link ${item.name} ${item.info?.kind ?? "-"} mac ${item.address} mtu ${item.mtu} of ${nameOf(item.master)}` +
        ` ${link.isUp(item) ? "up" : "down"} alias ${item.alias ?? "-"}`,
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
        return `route ${item.destination}${via} by ${nameOf(item.link)} table ${item.table}`;
      }),
    ...([4, 6] as const)
      .flatMap((family) => rtnl.dump(rule.list({ family })))
      .map(
        (item) => `rule IPv${item.family} ${item.priority} from ${item.source ?? "all"} table ${item.table}`,
      ),
  ];
}

/** TCP and UDP ports that something listens on or is bound to: proc(5), /proc/net/tcp. */
function heldPorts(namespace: NetNamespace): string[] {
  const listening = "0A";
  return namespace.run(() =>
    (["tcp", "tcp6", "udp", "udp6"] as const).flatMap((table) =>
      readFileSync(`/proc/thread-self/net/${table}`, "utf8")
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state]) => state !== undefined && (table.startsWith("udp") || state === listening))
        .map(([, local = ""]) => `port ${table} ${local}`),
    ),
  );
}

function packetFilter(namespace: NetNamespace): string[] {
  using context = new NftContext(namespace);
  return context.list("ruleset").flatMap(describe);
}

/** Handles count up and are left out; elements come in any order, so each is a line of its own. */
function describe(object: NftObject): string[] {
  return Object.entries(object).flatMap(([kind, { handle: _, elem, ...properties }]) => {
    const owner = `${properties.family} ${properties.table} ${properties.name}`;
    const elements = Array.isArray(elem) ? elem : [];
    return [
      `nft ${kind} ${JSON.stringify(properties)}`,
      ...elements.map((element) => `element ${owner} ${JSON.stringify(element)}`),
    ];
  });
}

function sysctls(namespace: NetNamespace): string[] {
  const keys = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"];
  return namespace.run(() => keys.map((key) => `sysctl ${key} ${readSysctl(key)}`));
}

/** Fails where two states differ, and shows the lines that do. */
export function assertSameState(after: readonly string[], before: readonly string[], message: string): void {
  const count = new Map<string, number>();
  for (const line of after) count.set(line, (count.get(line) ?? 0) + 1);
  for (const line of before) count.set(line, (count.get(line) ?? 0) - 1);
  const differing = [...count].filter(([, difference]) => difference !== 0);
  const text = differing.map(([line, difference]) => `${difference > 0 ? "+" : "-"} ${line}`).join("\n");
  assert.equal(text, "", message);
}

/** Without the open files of this process: where threads come and go that have some of their own. */
export function withoutOpenFiles(state: readonly string[]): readonly string[] {
  return state.filter((line) => !line.startsWith("open "));
}
