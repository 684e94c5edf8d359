/**
 * A network's segment on this host: a namespace of its own, with a bridge for the endpoints here and a VXLAN device to the other hosts. The
 * device's packets go by the host's own stack, for it was made from there.
 */
import {
  files,
  findNamespace,
  isKernelError,
  link,
  NetNamespace,
  namespaceId,
  Rtnl,
  writeSysctl,
} from "@causeway/kernel";
import { parseIp } from "../../address/ip.ts";
import { randomMac } from "../../address/mac.ts";
import type { Firewall } from "../../contracts/firewall.ts";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { Announcer } from "./announcer.ts";
import { vxlanBridgePort } from "./bridge-ports.ts";
import type { SegmentLinks } from "./kernel-tables.ts";

/** Names of the two links: the namespace has no others but host ends. */
export const bridgeName = "br0";
export const vxlanName = "vxlan0";
/** Of a VXLAN device that is about to take the other's place. */
const nextVxlanName = "vxlan1";

export interface SegmentSettings {
  /** Path that the namespace is kept at. */
  readonly path: string;
  /** What the links' aliases say: whose they are. */
  readonly owner: string;
  readonly vni: number;
  /** UDP port that tunnels end at. */
  readonly vxlanPort: number;
  /** Where this host's tunnels end. */
  readonly hostAddress: string;
  readonly mtu: number;
}

/** The packet filter of a namespace. */
export type OpenFirewall = (namespace: NetNamespace) => Firewall;

/** A segment that stands. */
export interface Segment extends SegmentLinks {
  readonly place: NamespacePlace;
  readonly namespace: NetNamespace;
  /** A connection to rtnetlink in the namespace. */
  readonly rtnl: Rtnl;
  /** Holds endpoints to their own addresses. */
  readonly guard: Firewall;
  readonly announcer: Announcer;
  /** Lets go of it; what is in the kernel stays. Returns when nothing of ours keeps the namespace any more. */
  close(): Promise<void>;
}

/** Link-local addresses are not wanted: nobody is to reach the namespace itself. */
const withoutLinkLocal = { inet6: { addressGeneration: link.addressGeneration.none } };

/** Of the namespace: it forwards nothing and speaks for nobody; what is bridged crosses no packet filter of IP. */
const namespaceSettings = [
  ["net/ipv4/ip_forward", "0"],
  ["net/bridge/bridge-nf-call-iptables", "0"],
  ["net/bridge/bridge-nf-call-ip6tables", "0"],
  ["net/bridge/bridge-nf-call-arptables", "0"],
] as const;

/**
 * Makes it, and keeps it at its path at last: who is killed before leaves nothing.
 *
 * @param host a connection to rtnetlink in the host's namespace
 * @throws KernelError EEXIST while another device of the host's has the VXLAN id
 */
export function makeSegment(host: Rtnl, settings: SegmentSettings, openFirewall: OpenFirewall): Segment {
  using made = new DisposableStack();
  const namespace = made.use(NetNamespace.create());
  const rtnl = made.use(new Rtnl(namespace));
  namespace.run(() => {
    for (const [key, value] of namespaceSettings)
      if (files.existsSync(`/proc/sys/${key}`)) writeSysctl(key, value);
  });
  const guard = made.adopt(openFirewall(namespace), (one) => one.close());
  guard.install();
  const bridge = makeBridge(rtnl, settings);
  createVxlan(host, namespace, vxlanName, settings);
  const vxlan = settleVxlan(rtnl, bridge, settings);
  haveItsLossesTold(host, namespace);
  const place = { path: settings.path, identity: namespace.identity };
  namespace.bindAt(settings.path);
  return standing({ place, namespace, rtnl, guard, bridge, vxlan }, made.move());
}

function standing(parts: Omit<Segment, "announcer" | "close">, opened: DisposableStack): Segment {
  const announcer = new Announcer(parts.namespace);
  const close = () => {
    const closed = announcer[Symbol.asyncDispose]();
    opened.dispose();
    return closed;
  };
  return { ...parts, announcer, close };
}

function makeBridge(rtnl: Rtnl, settings: SegmentSettings): number {
  rtnl.execute(
    link.create({
      name: bridgeName,
      address: randomMac(),
      info: { kind: "bridge", bridge: { multicastSnooping: false } },
    }),
    bridgeChange(settings),
  );
  return rtnl.query(link.getIndex({ name: bridgeName }));
}

function bridgeChange({ owner }: SegmentSettings) {
  return link.change({ name: bridgeName }, { alias: owner, families: withoutLinkLocal, up: true });
}

/** In one request from the host's stack: to move it afterwards would cost the kernel tens of milliseconds. */
function createVxlan(host: Rtnl, namespace: NetNamespace, name: string, settings: SegmentSettings): void {
  const { vni, vxlanPort: port, hostAddress, mtu } = settings;
  const local = parseIp(hostAddress).family === 4 ? { local: hostAddress } : { local6: hostAddress };
  const vxlan = { id: vni, port, learning: false, ...local };
  host.execute(link.create({ name, namespaceFd: namespace.fd, mtu, info: { kind: "vxlan", vxlan } }));
}

/** The one that is there stays where somebody else's device is in the way of the new one, unless it would be in the way itself. */
function replaceVxlan(host: Rtnl, segment: Segment, before: link.Link, settings: SegmentSettings): void {
  const { namespace, rtnl } = segment;
  const { port, local } = before.info?.vxlan ?? {};
  const isOfIpv4 = local !== undefined;
  const isInTheWay = port === settings.vxlanPort && isOfIpv4 === (parseIp(settings.hostAddress).family === 4);
  if (isInTheWay) {
    rtnl.execute(link.remove({ index: before.index }));
    createVxlan(host, namespace, vxlanName, settings);
    return;
  }
  createVxlan(host, namespace, nextVxlanName, settings);
  const index = rtnl.query(link.getIndex({ name: nextVxlanName }));
  rtnl.execute(link.remove({ index: before.index }), link.rename({ index }, vxlanName));
}

/** On the bridge, up. @returns its index */
function settleVxlan(rtnl: Rtnl, bridge: number, { owner, mtu }: SegmentSettings): number {
  const port = { slaveKind: "bridge", bridgePort: vxlanBridgePort };
  rtnl.execute(
    link.change({ name: vxlanName }, { alias: owner, families: withoutLinkLocal, master: bridge, mtu }),
    link.change({ name: vxlanName }, { info: port, up: true }),
  );
  return rtnl.query(link.getIndex({ name: vxlanName }));
}

/**
 * Makes the links so again, and the namespace stand at its path. A VXLAN device or bridge that is another than before has none of its entries,
 * and the bridge no port of an endpoint's.
 */
export function mendSegment(host: Rtnl, segment: Segment, settings: SegmentSettings): Segment {
  const { namespace, rtnl, guard } = segment;
  guard.install();
  const bridge = rtnl.findLink({ name: bridgeName })?.index ?? makeBridge(rtnl, settings);
  rtnl.execute(bridgeChange(settings));
  const found = rtnl.findLink({ name: vxlanName });
  if (found === undefined || !hasTunnelSettings(found, settings)) {
    // Of somebody who was killed as it took the other's place.
    rtnl.attempt([link.remove({ name: nextVxlanName })]);
    if (found === undefined) createVxlan(host, namespace, vxlanName, settings);
    else replaceVxlan(host, segment, found, settings);
  }
  const vxlan = settleVxlan(rtnl, bridge, settings);
  if (!files.existsSync(settings.path)) namespace.bindAt(settings.path);
  return { ...segment, bridge, vxlan };
}

/** What a VXLAN device is made with, and keeps. */
export function hasTunnelSettings(
  { info }: link.Link,
  { vni, vxlanPort: port, hostAddress }: SegmentSettings,
): boolean {
  const { id, port: found, learning, local, local6 } = info?.vxlan ?? {};
  return id === vni && found === port && learning === false && (local ?? local6) === hostAddress;
}

/** A segment of an earlier run. */
export interface FoundSegment {
  readonly segment: Segment;
  /** Its tunnels end where they are to end by now. */
  readonly isUpToDate: boolean;
}

/**
 * Takes up the one that an earlier run left at the path, its packet filter as it stands until it is installed; undefined where there is none, or
 * it is not whole.
 */
export function openSegment(settings: SegmentSettings, openFirewall: OpenFirewall): FoundSegment | undefined {
  const { path, owner } = settings;
  using opened = new DisposableStack();
  const namespace = findNamespace(path);
  if (namespace === undefined) return undefined;
  opened.use(namespace);
  const rtnl = opened.use(new Rtnl(namespace));
  const bridge = rtnl.findLink({ name: bridgeName });
  const vxlan = rtnl.findLink({ name: vxlanName });
  if (bridge?.alias !== owner || vxlan?.info?.kind !== "vxlan") return undefined;
  const guard = opened.adopt(openFirewall(namespace), (one) => one.close());
  const place = { path, identity: namespace.identity };
  const links = { bridge: bridge.index, vxlan: vxlan.index };
  const segment = standing({ place, namespace, rtnl, guard, ...links }, opened.move());
  return { segment, isUpToDate: hasTunnelSettings(vxlan, settings) };
}

/** The kernel tells the host of links in the namespace that somebody takes away, once the host has a number for it. */
function haveItsLossesTold(host: Rtnl, namespace: NetNamespace): void {
  const [failure] = host.attempt([namespaceId.assign(namespace.fd)]);
  if (failure !== undefined && !isKernelError(failure, "EEXIST")) throw failure;
}
