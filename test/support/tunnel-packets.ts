// Packets of tunnels between hosts, as they are seen on the wire, and as somebody would forge them.

import { ipToBytes } from "@causeway/kernel";
import { checksum, ETHERTYPE, ipPacket, udp } from "./frames.ts";

/** IPPROTO_ESP, IPPROTO_UDP */
export const esp = 50;
export const udpProtocol = 17;

/** Protocol of an IP packet in an Ethernet frame; undefined for what is no IP packet, or the neighbours' own affair (ICMPv6). */
export function protocolOf(bytes: Buffer): number | undefined {
  const type = bytes.readUInt16BE(12);
  if (type === ETHERTYPE.ipv4) return bytes[14 + 9];
  if (type !== ETHERTYPE.ipv6) return undefined;
  const next = bytes[14 + 6];
  return next === 58 || next === 0 ? undefined : next;
}

/** RFC 8200, section 4.5: a packet in two fragments, the first of which has no more than the UDP header. */
function inPieces(source: string, destination: string, datagram: Buffer): readonly Buffer[] {
  const piece = (offset: number, more: 0 | 1, bytes: Buffer) => {
    const head = Buffer.from([udpProtocol, 0, 0, (offset & ~7) | more, 0, 0, 0, 9]);
    return ipPacket({ source, destination, protocol: 44, payload: Buffer.concat([head, bytes]) });
  };
  return [piece(0, 1, datagram.subarray(0, 8)), piece(8, 0, datagram.subarray(8))];
}

/** With the checksum that IPv6 demands: RFC 8200, section 8.1. */
function datagramBetween(source: string, destination: string, port: number, data: Buffer): Buffer {
  const datagram = udp(40_000, port, data);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(datagram.length);
  const addresses = [ipToBytes(source), ipToBytes(destination)];
  const pseudo = Buffer.concat([...addresses, length, Buffer.from([0, 0, 0, udpProtocol]), datagram]);
  datagram.writeUInt16BE(checksum(pseudo) || 0xffff, 6);
  return datagram;
}

interface Place {
  readonly address: string;
}

export interface ForgedFrame {
  /** Where tunnels end. */
  readonly from: Place;
  readonly to: Place;
  readonly vni: number;
  readonly port: number;
  readonly inner: Buffer;
}

/** A frame inside VXLAN inside UDP, from whoever says so: RFC 7348. Over IPv6 whole, and in fragments. */
export function forgedPackets({ from, to, vni, port, inner }: ForgedFrame): readonly Buffer[] {
  const vxlan = Buffer.concat([
    Buffer.from([8, 0, 0, 0, vni >> 16, (vni >> 8) & 0xff, vni & 0xff, 0]),
    inner,
  ]);
  const { address: source } = from;
  const { address: destination } = to;
  const datagram = datagramBetween(source, destination, port, vxlan);
  const whole = ipPacket({ source, destination, protocol: udpProtocol, payload: datagram });
  return source.includes(":") ? [whole, ...inPieces(source, destination, datagram)] : [whole];
}
