/**
 * What is not as it should be about a network's segment, and about the end of an endpoint's pair on it. Nothing is changed.
 */
import { address, files, findNamespace, link, type Rtnl } from "@causeway/kernel";
import { parseIp } from "../../address/ip.ts";
import type { BridgePortSettings } from "../../contracts/driver.ts";
import type { Finding, HealthNature } from "../../contracts/health.ts";
import { vxlanBridgePort } from "./bridge-ports.ts";
import { hostEndName } from "./host-end.ts";
import { liveEntries } from "./kernel-tables.ts";
import { difference, type PeerTable } from "./peer-table.ts";
import { bridgeName, hasTunnelSettings, type Segment, type SegmentSettings, vxlanName } from "./segment.ts";

function broken(code: string, nature: HealthNature, message: string): Finding {
  return { code, nature, message, mend: "call repair()", repairable: true };
}

/** Where the host lacks the address that its tunnels end at. */
export function inspectUnderlay(rtnl: Rtnl, hostAddress: string): Finding | undefined {
  const wanted = parseIp(hostAddress);
  const all = rtnl.dump(address.list({ family: wanted.family }));
  if (all.some((one) => parseIp(one.address).equals(wanted))) return undefined;
  return {
    code: "underlay_address_missing",
    nature: "host",
    message: `the host has not got the address ${hostAddress}, where its tunnels end: no packet of another host arrives`,
    mend: "give it to the host again, or open the controller with the one that it has",
    repairable: false,
  };
}

export function inspectSegment(segment: Segment | undefined, settings: SegmentSettings): readonly Finding[] {
  if (segment === undefined || segment.rtnl.findLink({ name: bridgeName })?.index !== segment.bridge)
    return [broken("segment_missing", "missing", "its namespace and bridge on this host are gone")];
  return [
    ...inspectPlace(segment),
    ...inspectBridge(segment, settings),
    ...inspectVxlan(segment, settings),
    ...segment.guard.inspect().filter(({ nature }) => nature !== "host"),
  ];
}

function inspectPlace({ place }: Segment): readonly Finding[] {
  using found = findNamespace(place.path);
  if (found?.identity === place.identity) return [];
  if (found === undefined && !files.existsSync(place.path))
    return [broken("segment_altered", "altered", `its namespace stands no more at ${place.path}`)];
  const message = `at ${place.path}, the place of its namespace, there is something of somebody else's`;
  const mend = "remove it, and call repair()";
  return [{ code: "segment_taken", nature: "foreign", message, mend, repairable: false }];
}

function inspectBridge({ rtnl }: Segment, { owner }: SegmentSettings): readonly Finding[] {
  const { alias, ...found } = rtnl.query(link.get({ name: bridgeName }));
  const wrong = [
    alias === owner ? undefined : `has lost our mark: its alias is "${alias ?? ""}"`,
    link.isUp({ ...found }) ? undefined : "is down",
  ];
  return alterations("its bridge", wrong);
}

function inspectVxlan({ rtnl, vxlan, bridge }: Segment, settings: SegmentSettings): readonly Finding[] {
  const found = rtnl.findLink({ name: vxlanName });
  if (found === undefined) return alterations("its VXLAN device", ["is gone"]);
  return alterations("its VXLAN device", [
    found.index === vxlan ? undefined : "is another one than before",
    hasTunnelSettings(found, settings) ? undefined : "has another id, port or address, or learns",
    found.alias === settings.owner ? undefined : `has lost our mark: its alias is "${found.alias ?? ""}"`,
    link.isUp(found) ? undefined : "is down",
    found.mtu === settings.mtu ? undefined : `has MTU ${found.mtu}, and not ${settings.mtu}`,
    found.master === bridge ? undefined : "is not on the bridge",
    found.master !== bridge || isAsWanted(found.info?.bridgePort, vxlanBridgePort)
      ? undefined
      : "has other settings as a port of the bridge",
  ]);
}

function alterations(what: string, wrong: readonly (string | undefined)[]): readonly Finding[] {
  return wrong
    .filter((text) => text !== undefined)
    .map((text) => broken("segment_altered", "altered", `${what} ${text}`));
}

function isAsWanted<T extends object>(found: T | undefined, wanted: Partial<T>): boolean {
  return Object.entries(wanted).every(
    ([name, value]) => found !== undefined && Reflect.get(found, name) === value,
  );
}

/** Entries that the cluster did not tell of, and those that it told of and that are not there. */
export function inspectEntries(segment: Segment, peers: PeerTable): readonly Finding[] {
  const { remove, set } = difference(liveEntries(segment.rtnl, segment), peers.entries());
  if (remove.length + set.length === 0) return [];
  const message = `of its entries for endpoints on other hosts ${set.length} are missing or others, and ${remove.length} are nobody's`;
  return [broken("peers_altered", "altered", message)];
}

export function inspectHostEnd(
  { rtnl, bridge }: Segment,
  endpointId: string,
  { owner, port }: { readonly owner: string; readonly port: BridgePortSettings },
): readonly Finding[] {
  const name = hostEndName(endpointId);
  const found = rtnl.findLink({ name });
  if (found === undefined)
    return [
      broken(
        "host_end_missing",
        "missing",
        `the end of its pair on the network's bridge, ${name}, is missing`,
      ),
    ];
  const { alias = "", info, master } = found;
  const findings: Finding[] = [];
  const altered = (code: string, text: string) => findings.push(broken(code, "altered", `${name} ${text}`));
  if (alias !== owner) altered("host_end_altered", `has lost our mark: its alias is "${alias}"`);
  if (!link.isUp(found)) altered("host_end_down", "is down");
  if (master !== bridge) altered("host_end_off_bridge", "is not on the network's bridge");
  else if (!isAsWanted(info?.bridgePort, port))
    altered("host_end_altered", "has other settings as a port of its bridge");
  return findings;
}
