/**
 * Entries in the kernel: forwarding entries of the VXLAN device (which tunnel end) and of the bridge (behind the VXLAN device), and the
 * bridge's neighbours, of which it answers ARP and neighbour solicitations itself (IFLA_BRPORT_NEIGH_SUPPRESS).
 */
import { fdb, isKernelError, neighbour, type Request, type Rtnl } from "@causeway/kernel";
import { type Entry, type EntryKey, keyOf } from "./entries.ts";
import type { EntryChange } from "./peer-table.ts";

/** The two links of a network's namespace. */
export interface SegmentLinks {
  readonly bridge: number;
  readonly vxlan: number;
}

/** @throws KernelError for the first that is refused; the others are done all the same */
export function changeEntries(rtnl: Rtnl, links: SegmentLinks, { remove, set }: EntryChange): void {
  if (remove.length + set.length === 0) return;
  const removals = remove.flatMap((entry) => removalsOf(links, entry));
  const outcomes = rtnl.attempt([...removals, ...set.flatMap((entry) => settingsOf(links, entry))]);
  const failure = outcomes.find((outcome, at) => {
    // What is not there need not be removed: ENOENT.
    return outcome !== undefined && !(at < removals.length && isKernelError(outcome, "ENOENT"));
  });
  if (failure !== undefined) throw failure;
}

function settingsOf({ bridge, vxlan }: SegmentLinks, entry: Entry): readonly Request[] {
  if (entry.kind === "address") {
    const { address, mac } = entry;
    return [neighbour.replace({ link: bridge, address, mac })];
  }
  const { mac, hostAddress } = entry;
  return [
    fdb.replace({ link: vxlan, mac, remote: hostAddress }),
    // Sticky: no sandbox takes the MAC by sending from it.
    fdb.replace({ link: vxlan, mac, table: "master", state: "noarp", sticky: true }),
  ];
}

function removalsOf({ bridge, vxlan }: SegmentLinks, entry: Entry): readonly Request[] {
  if (entry.kind === "address") return [neighbour.remove({ link: bridge, address: entry.address })];
  const { mac } = entry;
  return [fdb.remove({ link: vxlan, mac }), fdb.remove({ link: vxlan, mac, table: "master" })];
}

/** Every entry that the kernel has by key; what is there by half is not the entry. */
export function liveEntries(rtnl: Rtnl, links: SegmentLinks): ReadonlyMap<EntryKey, Entry> {
  const found: Entry[] = [];
  const forwarded = rtnl.dump(fdb.list({ link: links.vxlan }));
  const remotes = new Map<string, string>();
  for (const { table, mac, remote } of forwarded)
    if (table === "self" && remote !== undefined) remotes.set(mac, remote);
  const behind = new Set(
    forwarded.filter(({ table, sticky }) => table === "master" && sticky).map(({ mac }) => mac),
  );
  for (const mac of new Set([...remotes.keys(), ...behind]))
    found.push({ kind: "mac", mac, hostAddress: behind.has(mac) ? (remotes.get(mac) ?? "") : "" });
  for (const one of rtnl.dump(neighbour.list({ link: links.bridge }))) {
    if (one?.state !== "permanent" || one.mac === undefined) continue;
    found.push({ kind: "address", address: one.address, mac: one.mac });
  }
  return new Map(found.map((entry) => [keyOf(entry), entry]));
}
