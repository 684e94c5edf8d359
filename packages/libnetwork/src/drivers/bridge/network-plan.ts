/**
 * What a bridge network is to be, from what the user and the IPAM said. Pure.
 */
import type { NetworkSpec } from "../../contracts/driver.ts";
import type { NetworkPolicy } from "../../contracts/firewall.ts";
import { invalid } from "../../errors.ts";
import type { BridgeSettings } from "./bridge-link.ts";
import { type BridgeNetworkOptions, parseNetworkOptions } from "./options.ts";
import { networkPolicy } from "./policies.ts";

export interface NetworkPlan {
  readonly spec: NetworkSpec;
  readonly options: BridgeNetworkOptions;
  readonly policy: NetworkPolicy;
  /** Families in which addresses are routed, not rewritten. */
  readonly routed: ReadonlySet<4 | 6>;
}

/** RFC 8200 section 5: below it the kernel turns IPv6 off. */
const leastMtuOfIpv6 = 1280;

/** @throws too_many_subnets, mtu_too_small, and what {@link parseNetworkOptions} throws */
export function planNetwork(spec: NetworkSpec): NetworkPlan {
  const options = parseNetworkOptions(spec.options, spec.internal);
  if (spec.ipv4.length > 1 || spec.ipv6.length > 1) {
    throw invalid(
      "too_many_subnets",
      `network "${spec.name}": a bridge network takes one subnet of each address family`,
    );
  }
  if (options.mtu !== undefined && options.mtu < leastMtuOfIpv6 && spec.ipv6.length > 0) {
    const message = `driverOptions.mtu: ${options.mtu} is less than IPv6 needs: give at least ${leastMtuOfIpv6}, or no IPv6 subnet`;
    throw invalid("mtu_too_small", message, options.mtu);
  }
  const policy = networkPolicy(spec, options, options.bridgeName ?? `br-${spec.id.slice(0, 12)}`);
  const routed = new Set<4 | 6>();
  if (options.gatewayModeIpv4 === "routed") routed.add(4);
  if (options.gatewayModeIpv6 === "routed") routed.add(6);
  return { spec, options, policy, routed };
}

/**
 * What the bridge is to be.
 *
 * @param owner what its alias says
 * @param filtered whether a firewall stands
 * @param mac the one that it had before
 */
export function bridgeSettings(
  plan: NetworkPlan,
  owner: string,
  filtered: boolean,
  mac?: string,
): BridgeSettings {
  const { options, policy } = plan;
  return {
    name: policy.bridge,
    owner,
    mtu: options.mtu,
    mac,
    addresses: hostAddresses(plan),
    loopback: filtered && needsLoopback(policy),
    linkLocal: policy.ipv6?.gateway !== undefined,
  };
}

/** The host's addresses in the network, as CIDRs. */
export function hostAddresses({ spec, policy }: NetworkPlan): readonly string[] {
  const addresses = [
    policy.ipv4?.gateway === undefined ? undefined : spec.ipv4[0]?.gateway,
    policy.ipv6?.gateway === undefined ? undefined : spec.ipv6[0]?.gateway,
  ];
  return addresses.filter((cidr) => cidr !== undefined);
}

/** Whether the host rewrites what it sends to published ports, from 127.0.0.1 too. */
function needsLoopback({ internal, ipv4 }: NetworkPolicy): boolean {
  return !internal && ipv4?.gateway !== undefined && ipv4.gatewayMode.startsWith("nat");
}
