/**
 * Arbitrary values of every spec of rtnetlink, for property tests. A table of arbitraries has to name every attribute of
 * its spec: to forget one is a type error.
 */
import fc from "fast-check";
import {
  type AnySampled,
  all,
  bool,
  i32,
  ipv4,
  ipv6,
  mac,
  name,
  type Sampled,
  sampled,
  sampledWhole,
  some,
  u8,
  u16,
  u32,
  u64,
} from "../../codec/test-support.ts";
import { addressAttributes, addressHeader } from "./address.ts";
import { bridge } from "./kinds/bridge.ts";
import { bridgePort } from "./kinds/bridge-port.ts";
import { ipvlan } from "./kinds/ipvlan.ts";
import { macvlan } from "./kinds/macvlan.ts";
import { tun } from "./kinds/tun.ts";
import { veth } from "./kinds/veth.ts";
import { vlan } from "./kinds/vlan.ts";
import { vxlan } from "./kinds/vxlan.ts";
import { linkAttributes } from "./link.ts";
import { linkHeader } from "./link-header.ts";
import { type LinkInfo, linkInfo } from "./link-info.ts";
import { neighbourAttributes, neighbourHeader } from "./neighbour.ts";
import { routeAttributes, routeHeader, routeMetrics } from "./route.ts";
import { ruleAttributes, ruleHeader } from "./rule.ts";

const ip = fc.oneof(ipv4, ipv6);
const u16Pair = all({ start: u16, end: u16 });

const kinds = {
  bridge: sampled(bridge, {
    forwardDelay: u32,
    helloTime: u32,
    maxAge: u32,
    ageingTime: u32,
    stpState: u32,
    priority: u16,
    vlanFiltering: bool,
    vlanProtocol: u16,
    groupForwardMask: u16,
    multicastRouter: u8,
    multicastSnooping: bool,
    multicastQuerier: bool,
    nfCallIptables: bool,
    nfCallIp6tables: bool,
    nfCallArptables: bool,
    vlanDefaultPvid: u16,
  }),
  ipvlan: sampled(ipvlan, {
    mode: fc.constantFrom("l2", "l3", "l3s"),
    isolation: fc.constantFrom("bridge", "private", "vepa"),
  }),
  macvlan: sampled(macvlan, {
    mode: fc.constantFrom("private", "vepa", "bridge", "passthru", "source"),
    flags: u16,
    broadcastQueueLength: u32,
  }),
  tun: sampled(tun, {
    owner: u32,
    group: u32,
    type: fc.constantFrom("tun", "tap"),
    packetInformation: bool,
    vnetHeader: bool,
    persistent: bool,
    multiQueue: bool,
    queues: u32,
    disabledQueues: u32,
  }),
  veth: sampled(veth, {
    peer: some({ address: mac, name, mtu: u32, namespaceFd: u32, transmitQueues: u32, receiveQueues: u32 }),
  }),
  vlan: sampled(vlan, {
    id: u16,
    flags: all({ flags: u32, mask: u32 }),
    protocol: fc.constantFrom("802.1Q", "802.1ad"),
  }),
  vxlan: sampled(vxlan, {
    id: u32,
    remote: ipv4,
    link: u32,
    local: ipv4,
    timeToLive: u8,
    typeOfService: u8,
    learning: bool,
    ageing: u32,
    limit: u32,
    sourcePorts: all({ low: u16, high: u16 }),
    proxy: bool,
    routeShortCircuit: bool,
    l2Miss: bool,
    l3Miss: bool,
    port: u16,
    remote6: ipv6,
    local6: ipv6,
    udpChecksum: bool,
    udpZeroChecksum6Transmit: bool,
    udpZeroChecksum6Receive: bool,
    groupPolicy: fc.constant(true as const),
    collectMetadata: bool,
    flowLabel: u32,
  }),
};

const sampledPort = sampled(bridgePort, {
  state: u8,
  priority: u16,
  cost: u32,
  hairpin: bool,
  bpduGuard: bool,
  rootBlock: bool,
  fastLeave: bool,
  learning: bool,
  unicastFlood: bool,
  proxyArp: bool,
  multicastRouter: u8,
  multicastFlood: bool,
  broadcastFlood: bool,
  groupForwardMask: u16,
  neighbourSuppression: bool,
  isolated: bool,
});

const kindInfo = fc
  .constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[]))
  .chain((kind) => (kinds[kind].values as fc.Arbitrary<object>).map((value) => ({ kind, [kind]: value })));
const otherInfo = fc.constantFrom({}, { kind: "dummy" }, { kind: "ifb" });
const portInfo = fc.oneof(
  fc.constantFrom({}, { slaveKind: "bond" }),
  sampledPort.values.map((port) => ({ slaveKind: "bridge", bridgePort: port })),
);
const sampledInfo: Sampled<LinkInfo> = {
  codec: linkInfo,
  values: fc.tuple(fc.oneof(kindInfo, otherInfo), portInfo).map(([kind, port]) => ({ ...kind, ...port })),
};

const sampledLink = sampled(linkAttributes, {
  address: mac,
  broadcast: mac,
  name,
  mtu: u32,
  parentIndex: u32,
  qdisc: name,
  master: u32,
  transmitQueueLength: u32,
  operationalState: u8,
  linkMode: u8,
  info: sampledInfo.values,
  namespacePid: u32,
  alias: name,
  statistics: all({
    rxPackets: u64,
    txPackets: u64,
    rxBytes: u64,
    txBytes: u64,
    rxErrors: u64,
    txErrors: u64,
    rxDropped: u64,
    txDropped: u64,
  }),
  families: some({ inet6: some({ addressGeneration: u8 }) }),
  group: u32,
  namespaceFd: u32,
  extendedMask: u32,
  promiscuity: u32,
  transmitQueues: u32,
  receiveQueues: u32,
  carrier: u8,
  carrierChanges: u32,
  linkNamespaceId: i32,
  targetNamespaceId: i32,
  minimumMtu: u32,
  maximumMtu: u32,
  alternativeNames: fc.array(name, { maxLength: 4 }),
  alternativeName: name,
});

const sampledMetrics = sampled(routeMetrics, {
  lock: u32,
  mtu: u32,
  window: u32,
  roundTripTime: u32,
  roundTripTimeVariance: u32,
  slowStartThreshold: u32,
  congestionWindow: u32,
  advertisedMss: u32,
  reordering: u32,
  hopLimit: u32,
  initialCongestionWindow: u32,
  features: u32,
  minimumRetransmissionTimeout: u32,
  initialReceiveWindow: u32,
  quickAck: u32,
  congestionControl: name,
});

const sampledRoute = sampled(routeAttributes, {
  destination: ip,
  source: ip,
  inputLink: u32,
  outputLink: u32,
  gateway: ip,
  priority: u32,
  preferredSource: ip,
  metrics: sampledMetrics.values,
  multipath: fc.array(
    fc
      .tuple(all({ link: i32, flags: u8, hops: u8 }), some({ gateway: ip, via: ip }))
      .map(([hop, ways]) => ({ ...hop, ...ways })),
    { maxLength: 4 },
  ),
  table: u32,
  mark: u32,
  via: ip,
  preference: u8,
  expires: u32,
  userId: u32,
  ipProtocol: u8,
  sourcePort: u16,
  destinationPort: u16,
});

/** Every spec of rtnetlink by name. */
export const specs: Readonly<Record<string, AnySampled>> = {
  ...kinds,
  bridgePort: sampledPort,
  linkInfo: sampledInfo,
  linkHeader: sampledWhole(linkHeader, { family: u8, type: u16, index: i32, flags: u32, change: u32 }),
  linkAttributes: sampledLink,
  addressHeader: sampledWhole(addressHeader, {
    family: u8,
    prefixLength: u8,
    flags: u8,
    scope: u8,
    index: u32,
  }),
  addressAttributes: sampled(addressAttributes, {
    address: ip,
    local: ip,
    label: name,
    broadcast: ip,
    cacheInfo: all({ preferred: u32, valid: u32, created: u32, updated: u32 }),
    addressFlags: u32,
    routePriority: u32,
  }),
  routeHeader: sampledWhole(routeHeader, {
    family: u8,
    destinationLength: u8,
    sourceLength: u8,
    tos: u8,
    table: u8,
    protocol: u8,
    scope: u8,
    type: u8,
    flags: u32,
  }),
  routeMetrics: sampledMetrics,
  routeAttributes: sampledRoute,
  neighbourHeader: sampledWhole(neighbourHeader, { family: u8, link: i32, state: u16, flags: u8, type: u8 }),
  neighbourAttributes: sampled(neighbourAttributes, {
    address: ip,
    mac,
    cacheInfo: all({ confirmed: u32, used: u32, updated: u32, references: u32 }),
    probes: u32,
    vlan: u16,
    port: u16,
    vni: u32,
    tunnelLink: u32,
    master: u32,
    linkNamespaceId: i32,
    sourceVni: u32,
    protocol: u8,
    extendedFlags: u32,
  }),
  ruleHeader: sampledWhole(ruleHeader, {
    family: u8,
    destinationLength: u8,
    sourceLength: u8,
    tos: u8,
    table: u8,
    action: u8,
    flags: u32,
  }),
  ruleAttributes: sampled(ruleAttributes, {
    destination: ip,
    source: ip,
    inputInterface: name,
    goto: u32,
    priority: u32,
    mark: u32,
    tunnelId: u32,
    suppressInterfaceGroup: u32,
    suppressPrefixLength: u32,
    table: u32,
    markMask: u32,
    outputInterface: name,
    l3MasterDevice: u8,
    userIds: all({ start: u32, end: u32 }),
    protocol: u8,
    ipProtocol: u8,
    sourcePorts: u16Pair,
    destinationPorts: u16Pair,
  }),
};
