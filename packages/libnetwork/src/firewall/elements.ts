/**
 * From what is wanted (contracts/firewall.ts) to elements of our sets: pure, and each item for itself.
 */
import { type Family, familyOf } from "../address/ip.ts";
import type {
  FamilyPolicy,
  NetworkPolicy,
  PortPolicy,
  PublishedPort,
  TunnelEnd,
  TunnelPolicy,
} from "../contracts/firewall.ts";
import { verdicts } from "./ruleset.ts";
import type { FirewallElement, FirewallSets } from "./sets.ts";

const families: readonly Family[] = [4, 6];

/** What a network adds to the sets: of the order of ten elements, whatever its size. */
export function networkElements(sets: FirewallSets, network: NetworkPolicy): readonly FirewallElement[] {
  const { bridge, icc } = network;
  return [
    { set: sets.bridges, key: [bridge] },
    { set: sets.within, key: [bridge, bridge], data: [icc ? verdicts.accept : verdicts.apart] },
    ...network.trustedInterfaces.map((name) => ({ set: sets.trusted, key: [name, bridge] })),
    ...families.flatMap((family) => familyElements(sets, network, family)),
  ];
}

function familyElements(sets: FirewallSets, network: NetworkPolicy, family: Family): FirewallElement[] {
  const { bridge, internal } = network;
  const policy = family === 4 ? network.ipv4 : network.ipv6;
  const name = `ipv${family}`;
  const gateways = policy?.gateway === undefined ? [] : gatewayElements(sets, family, bridge, policy.gateway);
  // A family that the network has not got is closed as well: somebody could give it addresses by hand.
  if (policy === undefined || internal || policy.gatewayMode === "isolated") {
    return [
      { set: sets.into, key: [name, bridge], data: [verdicts.drop] },
      { set: sets.closed, key: [name, bridge] },
      ...(gateways.length > 0 ? gateways : [{ set: sets.absent, key: [name, bridge] }]),
    ];
  }
  return [
    { set: sets.into, key: [name, bridge], data: [verdicts[policy.gatewayMode]] },
    { set: sets[`home${family}`], key: [bridge, policy.subnet] },
    { set: sets[`subnets${family}`], key: [policy.subnet] },
    ...rewriteElements(sets, family, policy),
    ...gateways,
  ];
}

function gatewayElements(
  sets: FirewallSets,
  family: Family,
  bridge: string,
  gateway: string,
): FirewallElement[] {
  return [
    { set: sets[`gateways${family}`], key: [gateway] },
    { set: sets[`own_gateways${family}`], key: [bridge, gateway] },
  ];
}

function rewriteElements(sets: FirewallSets, family: Family, policy: FamilyPolicy): FirewallElement[] {
  const { subnet, masquerade, sourceAddress } = policy;
  if (!masquerade) return [];
  const rewritten = { set: sets[`rewritten${family}`], key: [subnet] };
  if (sourceAddress === undefined) return [rewritten];
  return [rewritten, { set: sets[`sources${family}`], key: [subnet], data: [sourceAddress] }];
}

/** What an endpoint's port adds: two elements, and one or two an address. */
export function portElements(sets: FirewallSets, port: PortPolicy): readonly FirewallElement[] {
  const { guarded = true, apart = false } = port;
  const elements: FirewallElement[] = [];
  if (apart) elements.push({ set: sets.apart, key: [port.interface] });
  if (!guarded) return elements;
  elements.push({ set: sets.guarded, key: [port.interface] });
  elements.push({ set: sets.macs, key: [port.interface, port.mac] });
  for (const address of port.addresses) {
    if (address.includes(":")) {
      elements.push({ set: sets.owners6, key: [port.interface, port.mac, address] });
      elements.push({ set: sets.targets6, key: [port.interface, address] });
    } else {
      elements.push({ set: sets.owners4, key: [port.interface, port.mac, address] });
    }
  }
  return elements;
}

/** What a published port adds: the container's own port, and where it is rewritten the way there. */
export function publishedElements(sets: FirewallSets, published: PublishedPort): readonly FirewallElement[] {
  const { protocol, family, hostAddress, hostPort, address, port } = published;
  const target = [address, String(port)];
  const opened = { set: sets[`opened${family}`], key: [protocol, ...target] };
  if (hostPort === undefined) return [opened];
  const way =
    hostAddress === undefined
      ? { set: sets[`published_any${family}`], key: [protocol, String(hostPort)], data: target }
      : { set: sets[`published${family}`], key: [protocol, hostAddress, String(hostPort)], data: target };
  // What is published on the host's loopback is for nobody else, trusted interfaces included.
  return hostAddress?.startsWith("127.") ? [way] : [opened, way];
}

/** What a network adds whose hosts reach each other by tunnels. */
export function tunnelElements(
  sets: FirewallSets,
  { port, vni, received }: TunnelPolicy,
): readonly FirewallElement[] {
  const key = [String(port), String(vni * 256)];
  const known = { set: sets.tunnel_ids, key };
  return received ? [known, { set: sets.tunnels, key }] : [known];
}

export function tunnelEndElements(sets: FirewallSets, { address }: TunnelEnd): readonly FirewallElement[] {
  return [{ set: sets[`tunnel_ends${familyOf(address)}`], key: [address] }];
}
