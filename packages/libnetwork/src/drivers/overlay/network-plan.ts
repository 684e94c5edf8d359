/**
 * What an overlay network is to be, from what the user and the IPAM said, and what an endpoint gets that joins it. Pure.
 */
import { parseCidr } from "../../address/cidr.ts";
import type { EndpointInterface, NetworkSpec, StaticRoute } from "../../contracts/driver.ts";
import { invalid } from "../../errors.ts";
import { type OverlayNetworkOptions, parseNetworkOptions } from "./options.ts";

export interface NetworkPlan {
  readonly spec: NetworkSpec;
  readonly options: OverlayNetworkOptions;
}

/** RFC 8200 section 5: below it the kernel turns IPv6 off. */
const leastMtuOfIpv6 = 1280;

/** @throws subnet_required, mtu_too_small, and what {@link parseNetworkOptions} throws */
export function planNetwork(spec: NetworkSpec): NetworkPlan {
  const options = parseNetworkOptions(spec.options);
  if (subnetsOf(spec).length === 0) {
    const message = `network "${spec.name}": hosts find each other's endpoints by their addresses: give it a subnet`;
    throw invalid("subnet_required", message);
  }
  if (options.mtu !== undefined && options.mtu < leastMtuOfIpv6 && spec.ipv6.length > 0) {
    const message = `driverOptions.mtu: ${options.mtu} is less than IPv6 needs: give at least ${leastMtuOfIpv6}, or no IPv6 subnet`;
    throw invalid("mtu_too_small", message, options.mtu);
  }
  return { spec, options };
}

/** The way to the network's other subnets: all of them are on the one segment. */
export function routesBetween(spec: NetworkSpec, { ipv4, ipv6 }: EndpointInterface): readonly StaticRoute[] {
  const own = [ipv4, ipv6].filter((cidr) => cidr !== undefined).map((cidr) => parseCidr(cidr));
  return subnetsOf(spec)
    .map((text) => parseCidr(text))
    .filter(({ family }) => own.some((cidr) => cidr.family === family))
    .filter((subnet) => !own.some(({ address }) => subnet.contains(address)))
    .map((subnet) => ({ destination: subnet.toString(), nextHop: undefined }));
}

function subnetsOf({ ipv4, ipv6 }: NetworkSpec): readonly string[] {
  return [...ipv4, ...ipv6].map(({ pool }) => pool).filter((pool) => pool !== "");
}
