/**
 * The bridge itself: a link of the host with the network's gateway addresses.
 */
import {
  address,
  files,
  isKernelError,
  type KernelError,
  link,
  type NetNamespace,
  type Request,
  type Rtnl,
  writeSysctl,
} from "@causeway/kernel";
import { parseCidr } from "../../address/cidr.ts";
import { linkLocalAddress } from "../../address/link-local.ts";
import { randomMac } from "../../address/mac.ts";
import { bridgeGroup } from "../../contracts/firewall.ts";
import { conflict } from "../../errors.ts";
import type { LinkReaper } from "./host-end.ts";

export interface BridgeSettings {
  readonly name: string;
  /** What the alias says: whose it is. */
  readonly owner: string;
  readonly mtu: number | undefined;
  /** The MAC that it had before; undefined: one by chance. */
  readonly mac?: string | undefined;
  /** CIDRs of the host's addresses in the network. */
  readonly addresses: readonly string[];
  /** What is published can be reached at the host's 127.0.0.1. */
  readonly loopback: boolean;
  /** The host speaks IPv6 in the network. */
  readonly linkLocal: boolean;
}

export interface BridgeState {
  readonly index: number;
  /** It was there before us: it is used, and never deleted. */
  readonly foreign: boolean;
  /** Addresses that we gave it. */
  readonly added: readonly string[];
  /** What the neighbours know it by. */
  readonly mac: string | undefined;
}

/** Link-local addresses are given, so that a bridge without IPv6 has none. */
const withoutLinkLocal = { inet6: { addressGeneration: link.addressGeneration.none } };

/** What the aliases of all controllers' links begin with. */
export const ourMark = "causeway:";

/** Makes the bridge, or takes the one of that name. On an exception nothing of ours is left. */
export function makeBridge(host: NetNamespace, rtnl: Rtnl, settings: BridgeSettings): BridgeState {
  const found = rtnl.findLink({ name: settings.name });
  if (found !== undefined && found.info?.kind !== "bridge") {
    const kind = found.info?.kind ?? "network card";
    throw conflict(
      "interface_name_in_use",
      `"${settings.name}" is a ${kind} of the host: choose another bridge name`,
    );
  }
  if (found?.alias?.startsWith(ourMark) === true && found.alias !== settings.owner) {
    throw conflict(
      "bridge_in_use",
      `bridge "${settings.name}" belongs to another controller or network (${found.alias}): choose another bridge name`,
    );
  }
  const bridge = found ?? createLink(rtnl, settings);
  const foreign = found !== undefined && found.alias !== settings.owner;
  try {
    const { index, address: mac } = bridge;
    // One that is there may be what a run made that was killed before it came to this.
    if (!foreign && settings.linkLocal && mac !== undefined) {
      addAddresses(rtnl, index, [`${linkLocalAddress(mac)}/64`]);
    }
    const added = addAddresses(rtnl, index, settings.addresses);
    host.run(() => applySettings(settings, foreign));
    // The group again, too: somebody may have taken the bridge out of it.
    rtnl.execute(link.change({ index }, { up: true, ...(foreign ? {} : { group: bridgeGroup }) }));
    return { index, foreign, added, mac };
  } catch (error) {
    if (found === undefined) rtnl.attempt([link.remove({ index: bridge.index })]);
    throw error;
  }
}

/**
 * While no controller ran, somebody may have put a bridge of their own in the place of one that we made: it must not become ours,
 * to be deleted with the network. One of ours that has lost its mark is still in our group.
 *
 * @throws bridge_in_use
 */
export function refuseStranger(rtnl: Rtnl, name: string, owner: string): void {
  const found = rtnl.findLink({ name });
  if (found?.info?.kind !== "bridge" || found.alias === owner || found.group === bridgeGroup) return;
  throw conflict(
    "bridge_in_use",
    `in the place of bridge "${name}" there is one of somebody else's: remove it, or give it another name, and call repair()`,
  );
}

/** On an exception there is no such link, unless somebody else made it meanwhile. */
function createLink(rtnl: Rtnl, settings: BridgeSettings): link.Link {
  const { name } = settings;
  let made: boolean | undefined;
  try {
    const [refused, unmarked] = rtnl.attempt(creation(settings));
    made = refused === undefined;
    const failure = refused ?? unmarked;
    if (failure !== undefined) throw failure;
    return rtnl.query(link.get({ name }));
  } catch (error) {
    // Where the kernel's answer was lost, the mark tells.
    made ??= rtnl.findLink({ name })?.alias === settings.owner;
    if (made) rtnl.attempt([link.remove({ name })]);
    throw error;
  }
}

function creation({ name, owner, mtu, mac = randomMac() }: BridgeSettings): readonly Request[] {
  // A MAC that was given stays; one that was not follows the ports, and neighbours' ARP entries for the gateway go stale.
  return [
    link.create({ name, address: mac, group: bridgeGroup, info: { kind: "bridge" } }),
    // An MTU that is changed stays; one given at birth would follow the ports, up to 1500 when the last has gone.
    link.change(
      { name },
      { alias: owner, families: withoutLinkLocal, ...(mtu === undefined ? {} : { mtu }) },
    ),
  ];
}

/** Adds what the link has not got; answers what was added. */
function addAddresses(rtnl: Rtnl, index: number, cidrs: readonly string[]): readonly string[] {
  const added: string[] = [];
  for (const cidr of cidrs) {
    const { address: ip, prefixLength, family, last } = parseCidr(cidr);
    const broadcast = family === 4 && prefixLength < 31 ? { broadcast: last.toString() } : {};
    try {
      rtnl.execute(address.add({ link: index, address: ip.toString(), prefixLength, ...broadcast }));
      added.push(cidr);
    } catch (error) {
      if (!isKernelError(error, "EEXIST")) throw error;
    }
  }
  return added;
}

function applySettings(settings: BridgeSettings, foreign: boolean): void {
  for (const [key, value] of kernelSettings(settings, foreign)) writeSysctl(key, value);
}

/** What a bridge has to have under /proc/sys, of the namespace that the thread is in: networking/ip-sysctl.rst. */
export function kernelSettings(
  { name, addresses, loopback }: BridgeSettings,
  foreign: boolean,
): readonly (readonly [key: string, value: string])[] {
  const settings: [string, string][] = [];
  // The firewall keeps 127.0.0.0/8 from everybody but the host itself (CVE-2020-8558).
  if (loopback) settings.push([`net/ipv4/conf/${name}/route_localnet`, "1"]);
  // Without an address there, the host would answer for all its others.
  if (!foreign && addresses.every((cidr) => cidr.includes(":"))) {
    settings.push([`net/ipv4/conf/${name}/arp_ignore`, "8"]);
  }
  // A sandbox must not become the host's router, of networks without IPv6 neither (CVE-2020-13401).
  if (!foreign && files.existsSync("/proc/sys/net/ipv6"))
    settings.push([`net/ipv6/conf/${name}/accept_ra`, "0"]);
  return settings;
}

/**
 * Takes a bridge out of use at once.
 *
 * @returns when it will be gone; undefined for one that was there before us, which stays, without our addresses
 */
export function removeBridge(
  rtnl: Rtnl,
  reaper: LinkReaper,
  { index, foreign, added }: BridgeState,
): Promise<void> | undefined {
  if (foreign) {
    const removals = added.map((cidr) => {
      const { address: ip, prefixLength } = parseCidr(cidr);
      return address.remove({ link: index, address: ip.toString(), prefixLength });
    });
    throwUnlessGone(rtnl.attempt(removals), "EADDRNOTAVAIL", "ENODEV");
    return undefined;
  }
  throwUnlessGone(rtnl.attempt([link.change({ index }, { up: false })]), "ENODEV");
  return reaper.deleteLink({ index });
}

function throwUnlessGone(outcomes: readonly (KernelError | undefined)[], ...gone: readonly string[]): void {
  const failure = outcomes.find((outcome) => outcome !== undefined && !gone.includes(outcome.code));
  if (failure !== undefined) throw failure;
}
