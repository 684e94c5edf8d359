// The kernel's side of a whole host as sorted lines, with the names of objects in the place of what is random: two hosts
// on which the same was done show the same picture.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { link, NetNamespace, NftContext, Rtnl } from "@causeway/kernel";
import type { ControllerOptions } from "@causeway/libnetwork";
import { heldPorts } from "./held-ports.ts";
import { packetFilter, stackState, sysctls } from "./kernel-state.ts";
import { type KnownNames, knownNames } from "./known-names.ts";
import { mountsBelow } from "./leak-check.ts";

/** Whose picture is taken: a TestHost, or as much of it as is left. */
export interface Pictured {
  readonly namespace: NetNamespace;
  readonly options: Pick<ControllerOptions, "stateDir" | "runDir">;
}

/**
 * Links, addresses, routes, rules, held ports, packet filter and settings of the host; links, addresses, routes, rules and settings of each
 * sandbox; files and mounts under the run directory.
 *
 * Ids, names of links that are made from ids, random MACs and the link-local addresses that follow from them are replaced by what
 * the store says of the object; what the store does not know is `nobody`. Left out is what changes by itself: counters, lifetimes, connections.
 *
 * IPv6 pools that the IPAM chooses are random too, and are not replaced: give subnets where pictures are to be compared.
 */
export function picture({ namespace, options: { stateDir, runDir } }: Pictured): readonly string[] {
  const names = knownNames(stateDir, macsOf(namespace));
  const lines = [
    ...hostLines(namespace).map((line) => `host ${line}`),
    ...sandboxLines(runDir, names),
    ...fileLines(runDir),
  ];
  return lines.map(names.replace).sort();
}

/** True for what the reaper takes away in its own time: wait until no line of a picture is, then compare. */
export function isGoing(line: string): boolean {
  return line.includes("nobody");
}

function hostLines(namespace: NetNamespace): string[] {
  using context = new NftContext(namespace);
  return [
    ...stackState(namespace),
    ...heldPorts(namespace),
    ...packetFilter(context),
    ...hostSysctls(namespace),
  ];
}

/** MAC addresses of links that nobody asked to have a certain one, with the link's name. */
function macsOf(namespace: NetNamespace): ReadonlyMap<string, string> {
  using rtnl = new Rtnl(namespace);
  const others = rtnl.dump(link.list()).filter((item) => !link.isLoopback(item));
  return new Map(others.map(({ address = "", name }) => [address, name]));
}

/** What the bridge driver sets: of the host, of bridges, and of links that believe router advertisements. */
function hostSysctls(namespace: NetNamespace): string[] {
  using rtnl = new Rtnl(namespace);
  const own = rtnl.dump(link.list()).filter(({ master }) => master === undefined);
  const bridges = own.filter(({ info }) => info?.kind === "bridge");
  return sysctls(namespace, [
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    ...["default", ...own.map(({ name }) => name)].map((name) => `net/ipv6/conf/${name}/accept_ra`),
    ...bridges.flatMap(({ name }) =>
      ["route_localnet", "arp_ignore"].map((setting) => `net/ipv4/conf/${name}/${setting}`),
    ),
  ]);
}

const sandboxSysctls = [
  "net/ipv4/ip_forward",
  "net/ipv4/conf/default/arp_notify",
  "net/ipv6/conf/default/ndisc_notify",
  "net/ipv6/conf/default/accept_ra",
];

/** Namespaces are found by their mounts: the store may be wrong. */
function sandboxLines(runDir: string, names: KnownNames): string[] {
  const adopted = [...names.adoptedNamespaces].map(([id, path]) => ({ id, path }));
  const own = mountsBelow(join(runDir, "netns")).map((path) => ({ id: path.slice(-12), path }));
  return [...own.filter(({ id }) => /^[0-9a-f]{12}$/.test(id)), ...adopted].flatMap(({ id, path }) => {
    using inside = openNamespace(path);
    if (inside === undefined) return [`sandbox ${id} cannot be entered`];
    const settings = [...sandboxSysctls, ...(names.settings.get(id) ?? [])];
    return [...stackState(inside), ...sysctls(inside, settings)].map((line) => `sandbox ${id} ${line}`);
  });
}

/** Undefined where the reaper, or somebody's hand, was faster. */
function openNamespace(path: string): NetNamespace | undefined {
  let namespace: NetNamespace | undefined;
  try {
    namespace = NetNamespace.open(path);
    namespace.run(() => undefined);
    return namespace;
  } catch {
    namespace?.[Symbol.dispose]();
    return undefined;
  }
}

function fileLines(runDir: string): string[] {
  const within = (path: string) => path.slice(runDir.length + 1);
  return [
    ...entries(runDir).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      if (entry.isDirectory()) return `folder ${within(path)}`;
      const isMount = path.startsWith(join(runDir, "netns"));
      return `file ${within(path)}${isMount ? "" : ` ${JSON.stringify(readFileSync(path, "utf8"))}`}`;
    }),
    ...mountsBelow(runDir).map((path) => `mount ${within(path)}`),
  ];
}

function entries(directory: string) {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
}
