/**
 * What the packet filter of a network's namespace holds an endpoint to. Pure.
 */
import { addressOf } from "../../address/cidr.ts";
import { linkLocalAddress } from "../../address/link-local.ts";
import type { EndpointSpec } from "../../contracts/driver.ts";
import type { PortPolicy } from "../../contracts/firewall.ts";
import { hostEndName } from "./host-end.ts";
import type { NetworkPlan } from "./network-plan.ts";

export function portPolicies(
  { options }: NetworkPlan,
  { id, interface: own }: EndpointSpec,
): readonly PortPolicy[] {
  if (!options.antiSpoofing) return [];
  const { mac, ipv4, ipv6 } = own;
  const addresses = [ipv4, ipv6].filter((cidr) => cidr !== undefined).map(addressOf);
  return [
    {
      endpointId: id,
      interface: hostEndName(id),
      mac,
      addresses: ipv6 === undefined ? addresses : [...addresses, linkLocalAddress(mac)],
    },
  ];
}
