/**
 * Addresses must be of their network's subnet: the host would have those of a gateway elsewhere, and send what is for others to the bridge. An
 * IPAM that is a plugin may say anything, and so may who asks for a served network. Pure.
 */
import { type Cidr, parseCidr } from "../address/cidr.ts";
import type { EndpointSpec, IpamData, NetworkSpec } from "../contracts/driver.ts";
import { invalid } from "../errors.ts";

type Family = 4 | 6;

/** @throws gateway_outside_subnet, subnet_too_large, invalid_subnet */
export function refuseStrayGateways(spec: NetworkSpec): void {
  for (const family of [4, 6] as const)
    for (const data of dataOf(spec, family)) {
      const pool = parseCidr(data.pool, family);
      if (pool.prefixLength === 0) {
        const message = `network "${spec.name}": the subnet ${pool} is every address there is: choose one of the network's own`;
        throw invalid("subnet_too_large", message, data.pool);
      }
      if (data.gateway === undefined) continue;
      const gateway = parseCidr(data.gateway, family);
      if (pool.contains(gateway.address) && gateway.prefixLength >= pool.prefixLength) continue;
      const message = `network "${spec.name}": the gateway ${gateway} is not in the subnet ${pool}: choose one that is`;
      throw invalid("gateway_outside_subnet", message, data.gateway);
    }
}

/** @throws address_outside_subnet, address_is_gateway, invalid_subnet */
export function refuseStrayAddresses(network: NetworkSpec, { name, interface: given }: EndpointSpec): void {
  for (const [family, text] of [[4, given.ipv4] as const, [6, given.ipv6] as const]) {
    if (text === undefined) continue;
    const cidr = parseCidr(text, family);
    const data = dataOf(network, family).find(({ pool }) => parseCidr(pool).contains(cidr.address));
    if (data === undefined) {
      const message = `endpoint "${name}": ${cidr.address} is in no subnet of network "${network.name}": choose an address that is`;
      throw invalid("address_outside_subnet", message, text);
    }
    if (!isGateway(cidr, data)) continue;
    const message = `endpoint "${name}": ${cidr.address} is the gateway of network "${network.name}": choose another address`;
    throw invalid("address_is_gateway", message, text);
  }
}

function dataOf({ ipv4, ipv6 }: NetworkSpec, family: Family): readonly IpamData[] {
  return (family === 4 ? ipv4 : ipv6).filter(({ pool }) => pool !== "");
}

function isGateway({ address }: Cidr, { gateway }: IpamData): boolean {
  return gateway !== undefined && parseCidr(gateway).address.equals(address);
}
