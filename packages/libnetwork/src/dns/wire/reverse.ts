/**
 * Names of addresses: RFC 1035 3.5 (in-addr.arpa), RFC 3596 2.5 (ip6.arpa).
 */
import { type IpAddress, ipFromBytes } from "../../address/ip.ts";

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4Name = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}\\.in-addr\\.arpa$`, "i");
const ipv6Name = /^(?:[0-9a-f]\.){32}ip6\.arpa$/i;

/** `4.3.2.1.in-addr.arpa` of 1.2.3.4; 32 digits before `ip6.arpa`. */
export function reverseName(address: IpAddress): string {
  const bytes = [...address.bytes()].reverse();
  if (address.family === 4) return `${bytes.join(".")}.in-addr.arpa`;
  return `${bytes.map((byte) => `${(byte & 15).toString(16)}.${(byte >>> 4).toString(16)}`).join(".")}.ip6.arpa`;
}

/** The inverse of {@link reverseName}, whatever case it is in; undefined for what is no whole address. */
export function addressOfName(name: string): IpAddress | undefined {
  const octets = ipv4Name.exec(name);
  if (octets !== null) return ipFromBytes(Uint8Array.from(octets.slice(1).reverse(), Number));
  if (!ipv6Name.test(name)) return undefined;
  const digits = name.slice(0, 63).split(".").reverse().join("");
  return ipFromBytes(Uint8Array.from(Buffer.from(digits, "hex")));
}
