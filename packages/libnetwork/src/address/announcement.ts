/**
 * The Ethernet frame by which everybody on a segment hears which MAC an address has now: an ARP announcement (RFC 5227, section 2.3), or an
 * unsolicited neighbour advertisement (RFC 4861, section 7.2.6).
 */
import { parseIp } from "./ip.ts";
import { parseMac } from "./mac.ts";

const etherType = { arp: 0x0806, ipv6: 0x86dd } as const;
const icmpv6 = 58;
/** To everybody, and to all nodes: RFC 2464, section 7. */
const broadcast = Uint8Array.of(255, 255, 255, 255, 255, 255);
const allNodesMac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
const allNodes = parseIp("ff02::1").bytes();

export function announcementOf(address: string, mac: string): Uint8Array {
  const ip = parseIp(address);
  const sender = parseMac(mac);
  if (ip.family === 4)
    return Buffer.concat([broadcast, sender, word(etherType.arp), arp(sender, ip.bytes()), Buffer.alloc(18)]);
  return Buffer.concat([allNodesMac, sender, word(etherType.ipv6), advertisement(sender, ip.bytes())]);
}

/** Asks for its own address: hardware type 1, protocol type IPv4, lengths 6 and 4, operation 1. */
function arp(sender: Uint8Array, address: Uint8Array): Uint8Array {
  const head = [0, 1, 8, 0, 6, 4, 0, 1];
  return Buffer.concat([Uint8Array.from(head), sender, address, Buffer.alloc(6), address]);
}

function advertisement(sender: Uint8Array, address: Uint8Array): Uint8Array {
  const override = 0x20;
  const targetLinkLayerAddress = [2, 1];
  const message = Buffer.concat([
    Uint8Array.of(136, 0, 0, 0, override, 0, 0, 0),
    address,
    Uint8Array.from(targetLinkLayerAddress),
    sender,
  ]);
  const pseudo = [address, allNodes, word(0), word(message.length), Uint8Array.of(0, 0, 0, icmpv6), message];
  message.writeUInt16BE(checksum(Buffer.concat(pseudo)), 2);
  const hopLimit = 255;
  const head = Uint8Array.of(0x60, 0, 0, 0, ...word(message.length), icmpv6, hopLimit);
  return Buffer.concat([head, address, allNodes, message]);
}

const word = (value: number) => Uint8Array.of(value >> 8, value & 0xff);

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const [at, byte] of bytes.entries()) sum += at % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
