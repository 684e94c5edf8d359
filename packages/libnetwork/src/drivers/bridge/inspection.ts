/**
 * What is not as it should be about a bridge, and about the host's end of an endpoint's pair. Nothing is changed.
 */
import { address, link, type NetNamespace, type Rtnl, readSysctl } from "@causeway/kernel";
import type { BridgePortSettings } from "../../contracts/driver.ts";
import { bridgeGroup } from "../../contracts/firewall.ts";
import type { Finding, HealthNature } from "../../contracts/health.ts";
import { type BridgeSettings, type BridgeState, kernelSettings, ourMark } from "./bridge-link.ts";
import { missingRoutes } from "./bridge-routes.ts";

const repairIt = "call repair()";

function broken(code: string, nature: HealthNature, message: string): Finding {
  return { code, nature, message, mend: repairIt, repairable: true };
}

export function inspectBridge(
  host: NetNamespace,
  rtnl: Rtnl,
  settings: BridgeSettings,
  state: BridgeState,
): readonly Finding[] {
  const { name } = settings;
  const found = rtnl.findLink({ name });
  if (found === undefined) return [missing(name, state.foreign)];
  const takenBy = strangerOf(found, settings, state);
  if (takenBy !== undefined) return [taken(name, takenBy)];
  if (found.index !== state.index)
    return [broken("bridge_replaced", "altered", `bridge "${name}" is another link than before`)];
  const findings = state.foreign ? [] : alterations(found, settings);
  if (!link.isUp(found)) return [...findings, broken("bridge_down", "altered", `bridge "${name}" is down`)];
  return [
    ...findings,
    ...inspectAddresses(rtnl, settings, state),
    ...inspectRoutes(rtnl, settings, state),
    ...host.run(() => inspectSettings(settings, state.foreign)),
  ];
}

function missing(name: string, foreign: boolean): Finding {
  const finding = broken("bridge_missing", "missing", `bridge "${name}" is missing`);
  if (!foreign) return finding;
  return {
    ...finding,
    mend: "it was there before the network: make it again, and call repair()",
    repairable: false,
  };
}

/** Who has the bridge's name, where it is not the network's bridge; undefined where it is. */
function strangerOf(found: link.Link, settings: BridgeSettings, state: BridgeState): string | undefined {
  const { info, alias, index } = found;
  if (info?.kind !== "bridge") return `a ${info?.kind ?? "network card"} of somebody else's`;
  if (index === state.index || alias === settings.owner) return undefined;
  if (alias?.startsWith(ourMark) === true) return `the bridge of another controller or network (${alias})`;
  // In the place of one that was somebody's stands another of theirs.
  return state.foreign ? undefined : "a bridge of somebody else's";
}

function taken(name: string, what: string): Finding {
  const message = `in the place of bridge "${name}" there is ${what}`;
  const mend = `remove it, or give it another name, and call repair()`;
  return { code: "bridge_taken", nature: "foreign", message, mend, repairable: false };
}

function alterations({ alias, group, mtu, name }: link.Link, settings: BridgeSettings): Finding[] {
  const findings: Finding[] = [];
  const altered = (text: string) =>
    findings.push(broken("bridge_altered", "altered", `bridge "${name}" ${text}`));
  if (alias !== settings.owner) altered(`has lost our mark: its alias is "${alias ?? ""}"`);
  if (group !== bridgeGroup) altered(`is in link group ${group}, and not in ${bridgeGroup}`);
  if (settings.mtu !== undefined && mtu !== settings.mtu) altered(`has MTU ${mtu}, and not ${settings.mtu}`);
  return findings;
}

function inspectAddresses(
  rtnl: Rtnl,
  { name, addresses, linkLocal }: BridgeSettings,
  { index, foreign }: BridgeState,
): Finding[] {
  const found = rtnl.dump(address.list({ link: index }));
  const there = new Set(found.map((item) => `${item.address}/${item.prefixLength}`));
  const gone = addresses.filter((cidr) => !there.has(cidr));
  if (!foreign && linkLocal && !found.some((item) => item.address.startsWith("fe80:")))
    gone.push("a link-local address");
  return gone.map((cidr) => broken("gateway_missing", "missing", `bridge "${name}" lacks ${cidr}`));
}

function inspectRoutes(rtnl: Rtnl, settings: BridgeSettings, state: BridgeState): Finding[] {
  return missingRoutes(rtnl, settings, state).map(({ destination }) =>
    broken(
      "bridge_route_missing",
      "missing",
      `the host's route to ${destination} by "${settings.name}" is missing`,
    ),
  );
}

/** In the host's namespace. */
function inspectSettings(settings: BridgeSettings, foreign: boolean): Finding[] {
  return kernelSettings(settings, foreign).flatMap(([key, value]) => {
    const found = readSysctl(key);
    if (found === value) return [];
    return [broken("bridge_setting", "altered", `${key} is ${found}, and not ${value}`)];
  });
}

/**
 * @param owner what its alias is to say
 * @param bridge index of the bridge that it is to be on; undefined where there is none
 */
export function inspectHostEnd(
  rtnl: Rtnl,
  name: string,
  owner: string,
  bridge: number | undefined,
  port: BridgePortSettings,
): readonly Finding[] {
  const found = rtnl.findLink({ name });
  if (found === undefined)
    return [broken("host_end_missing", "missing", `the host's end of its interface, ${name}, is missing`)];
  const { info, alias = "", master } = found;
  // One that has lost our mark is known by its place.
  if (info?.kind !== "veth" || (alias !== owner && (master === undefined || master !== bridge))) {
    const message = `${name} is a ${info?.kind ?? "network card"} of somebody else's`;
    const mend = "remove it, or give it another name, and call repair()";
    return [{ code: "host_end_taken", nature: "foreign", message, mend, repairable: false }];
  }
  const findings: Finding[] = [];
  const altered = (code: string, text: string) => findings.push(broken(code, "altered", `${name} ${text}`));
  if (alias !== owner) altered("host_end_altered", `has lost our mark: its alias is "${alias}"`);
  if (!link.isUp(found)) altered("host_end_down", "is down");
  if (bridge === undefined) return findings;
  if (master !== bridge) altered("host_end_off_bridge", "is not on the network's bridge");
  else if (!hasPortSettings(found, port))
    altered("host_end_altered", "has other settings as a port of its bridge");
  return findings;
}

function hasPortSettings({ info }: link.Link, wanted: BridgePortSettings): boolean {
  const { hairpin, multicastRouter, groupForwardMask } = info?.bridgePort ?? {};
  return (
    // One that may, and need not, does no harm.
    (hairpin === true || !wanted.hairpin) &&
    multicastRouter === wanted.multicastRouter &&
    groupForwardMask === wanted.groupForwardMask
  );
}
