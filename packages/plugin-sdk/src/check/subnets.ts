/**
 * Whether an address is in a subnet.
 */
import { BlockList, isIPv6 } from "node:net";
import { isCidr } from "../client/index.ts";

/**
 * @param subnet CIDR
 * @param address with or without prefix length
 */
export function isInside(subnet: string, address: string): boolean {
  if (!isCidr(subnet)) return false;
  const [network = "", length = ""] = subnet.split("/");
  const family = isIPv6(network) ? "ipv6" : "ipv4";
  const list = new BlockList();
  list.addSubnet(network, Number(length), family);
  const plain = withoutLength(address);
  return isIPv6(plain) === (family === "ipv6") && list.check(plain, family);
}

export function prefixLength(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

export function withoutLength(cidr: string): string {
  return cidr.split("/", 1)[0] ?? cidr;
}
