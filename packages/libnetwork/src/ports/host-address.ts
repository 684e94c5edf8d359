/**
 * A host address that ports are published on: checked, canonical, and ready for bind(2).
 */
import { InetSockaddr } from "@causeway/kernel";
import { type Family, type IpAddress, parseIp } from "../address/ip.ts";
import type { TransportProtocol } from "../contracts/firewall.ts";
import { invalid } from "../errors.ts";

export interface HostAddress {
  readonly family: Family;
  /** Canonical; `0.0.0.0` and `::` stand for all addresses of their family. */
  readonly text: string;
  readonly sockaddr: InetSockaddr;
}

/**
 * Reads a host address.
 *
 * @throws invalid_address for what is not an address
 * @throws invalid_host_address for one that no socket can be bound to, or that needs an interface beside it
 */
export function hostAddress(text: string): HostAddress {
  const ip = parseIp(text);
  const refusal = refuse(ip);
  if (refusal !== undefined) {
    throw invalid("invalid_host_address", `no port can be published on ${text}: ${refusal}`, text);
  }
  return { family: ip.family, text: ip.toString(), sockaddr: new InetSockaddr(ip.bytes(), ip.toString()) };
}

export const allIpv4 = hostAddress("0.0.0.0");
export const allIpv6 = hostAddress("::");
const loopbackIpv6 = "::1";

/** True where what is sent to [::1] arrives at a socket on this address: the kernel does not rewrite it, our relay carries it. */
export function isRelayed(address: HostAddress, protocol: TransportProtocol): boolean {
  return protocol !== "sctp" && (address.text === allIpv6.text || address.text === loopbackIpv6);
}

/** True for the address that is reached by the relay only, so that the container's family does not matter. */
export function isIpv6Loopback(address: HostAddress): boolean {
  return address.text === loopbackIpv6;
}

/** A port as messages name it. */
export function portName(protocol: TransportProtocol, host: HostAddress, port: number): string {
  return `${protocol.toUpperCase()} port ${port} of ${host.text}`;
}

function refuse(ip: IpAddress): string | undefined {
  if (ip.family === 4) {
    return ip.value >= 0xe000_0000n ? "it is a multicast, reserved or broadcast address" : undefined;
  }
  if (ip.value >> 120n === 0xffn) return "it is a multicast address";
  if (ip.value >> 118n === 0x3fan) return "a link-local address means nothing without its interface";
  if (ip.value >> 32n === 0xffffn) return "write it as the IPv4 address that it stands for";
  return undefined;
}
