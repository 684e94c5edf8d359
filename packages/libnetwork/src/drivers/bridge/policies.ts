/**
 * What a bridge network, an endpoint and its ports mean to the firewall. Pure.
 */

import { addressOf, parseCidr } from "../../address/cidr.ts";
import { familyOf, isUnspecified } from "../../address/ip.ts";
import { linkLocalAddress } from "../../address/link-local.ts";
import type {
  EndpointInterface,
  EndpointSpec,
  IpamData,
  NetworkSpec,
  PortBinding,
} from "../../contracts/driver.ts";
import type {
  FamilyPolicy,
  FirewallItems,
  GatewayMode,
  NetworkPolicy,
  PortPolicy,
  PublishedPort,
} from "../../contracts/firewall.ts";
import type { NetworkPlan } from "./network-plan.ts";
import type { BridgeNetworkOptions } from "./options.ts";

interface FamilyChoices {
  readonly gatewayMode: GatewayMode;
  readonly masquerade: boolean;
  readonly sourceAddress: string | undefined;
  /** The host has an address in the network. */
  readonly hostAddress: boolean;
}

function familyPolicy(data: IpamData | undefined, choices: FamilyChoices): FamilyPolicy | undefined {
  if (data === undefined || data.pool === "") return undefined;
  const { gatewayMode, masquerade, sourceAddress } = choices;
  const natted = gatewayMode === "nat" || gatewayMode === "nat-unprotected";
  const gateway = data.gateway === undefined ? undefined : addressOf(data.gateway);
  return {
    subnet: parseCidr(data.pool).subnet.toString(),
    gateway: choices.hostAddress ? gateway : undefined,
    gatewayMode,
    masquerade: natted && masquerade,
    sourceAddress: natted ? sourceAddress : undefined,
  };
}

export function networkPolicy(
  spec: NetworkSpec,
  options: BridgeNetworkOptions,
  bridge: string,
): NetworkPolicy {
  return {
    networkId: spec.id,
    bridge,
    internal: spec.internal,
    icc: options.icc,
    ipv4: familyPolicy(spec.ipv4[0], {
      gatewayMode: options.gatewayModeIpv4,
      masquerade: options.masquerade,
      sourceAddress: options.hostIpv4,
      hostAddress: !options.inhibitIpv4 && options.gatewayModeIpv4 !== "isolated",
    }),
    ipv6: familyPolicy(spec.ipv6[0], {
      gatewayMode: options.gatewayModeIpv6,
      masquerade: options.masquerade,
      sourceAddress: options.hostIpv6,
      hostAddress: options.gatewayModeIpv6 !== "isolated",
    }),
    trustedInterfaces: options.trustedHostInterfaces,
  };
}

/** Undefined where the port may send anything, to anybody. */
export function portPolicy(
  endpointId: string,
  hostInterface: string,
  { mac, ipv4, ipv6 }: EndpointInterface,
  { antiSpoofing, icc }: Pick<BridgeNetworkOptions, "antiSpoofing" | "icc">,
): PortPolicy | undefined {
  if (!antiSpoofing && icc) return undefined;
  const addresses = [ipv4, ipv6].filter((cidr) => cidr !== undefined).map(addressOf);
  return {
    endpointId,
    interface: hostInterface,
    mac,
    addresses: ipv6 === undefined ? addresses : [...addresses, linkLocalAddress(mac)],
    guarded: antiSpoofing,
    apart: !icc,
  };
}

/** What the firewall holds for an endpoint that has joined. */
export function endpointItems(
  { options, policy, routed }: NetworkPlan,
  { id, interface: addresses }: EndpointSpec,
  hostInterface: string,
  bindings: readonly PortBinding[],
): FirewallItems {
  const port = portPolicy(id, hostInterface, addresses, options);
  const ports = port === undefined ? [] : [port];
  return { ports, published: publishedPorts(bindings, policy.bridge, routed) };
}

/** True where the kernel cannot rewrite what comes in (to ::1, or from one family to the other) and a relay carries it. */
export function isRelayed({ hostAddress, containerAddress }: PortBinding): boolean {
  return hostAddress === "::1" || familyOf(hostAddress) !== familyOf(containerAddress);
}

/**
 * What the firewall is told of bindings.
 *
 * @param routed families in which nothing is rewritten: the endpoint's own port is opened
 */
export function publishedPorts(
  bindings: readonly PortBinding[],
  bridge: string,
  routed: ReadonlySet<4 | 6>,
): readonly PublishedPort[] {
  return bindings
    .filter((binding) => !isRelayed(binding))
    .map(({ protocol, containerPort, hostAddress, hostPort, containerAddress }) => {
      const family = familyOf(containerAddress);
      const isRouted = routed.has(family);
      return {
        protocol,
        family,
        hostAddress: isRouted || isUnspecified(hostAddress) ? undefined : hostAddress,
        hostPort: isRouted ? undefined : hostPort,
        bridge,
        address: containerAddress,
        port: containerPort,
      };
    });
}
