// Ethernet frames, sent and seen by hand: packet(7) sockets for what no honest network stack would send.

import assert from "node:assert/strict";
import { ipToBytes, link, macToBytes, type NetNamespace, type OwnedFd, Rtnl, socket } from "@causeway/kernel";
import { eventually } from "./eventually.ts";

const AF_PACKET = 17;
// linux/if_ether.h, in network byte order: every type, ours and others'
const ETH_P_ALL = 0x0003;
const htons = (value: number) => ((value & 0xff) << 8) | (value >> 8);

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd } as const;
export const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** One interface of a namespace, without a network stack in between. */
export class FrameSocket implements Disposable {
  readonly #socket: OwnedFd;
  readonly #buffer = Buffer.alloc(65536);
  readonly #interface: string;

  constructor(namespace: NetNamespace, name: string) {
    using rtnl = new Rtnl(namespace);
    const { index } = rtnl.query(link.get({ name }));
    this.#interface = name;
    this.#socket = namespace.run(() =>
      socket.openSocket(AF_PACKET, socket.SOCK_RAW, htons(ETH_P_ALL), { nonBlocking: true }),
    );
    // struct sockaddr_ll of linux/if_packet.h
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(ETH_P_ALL, 2);
    address.writeInt32LE(index, 4);
    socket.bindSocket(this.#socket, address, name);
  }

  send(bytes: Uint8Array): void {
    socket.sendBytes(this.#socket, bytes, bytes.length, this.#interface);
  }

  /** The frames that came by since the last call, our own included. */
  received(): Buffer[] {
    const frames: Buffer[] = [];
    for (;;) {
      try {
        const length = socket.receiveBytes(this.#socket, this.#buffer, socket.MSG_DONTWAIT, this.#interface);
        frames.push(Buffer.from(this.#buffer.subarray(0, length)));
      } catch {
        return frames;
      }
    }
  }

  /** The frames that come by until each of these texts was in one of them; fails when one of them does not come. */
  async receivedUntil(...texts: readonly string[]): Promise<Buffer[]> {
    const frames: Buffer[] = [];
    await eventually(() => {
      frames.push(...this.received());
      const missing = texts.filter((text) => !frames.some((bytes) => bytes.includes(text)));
      assert.deepEqual(missing, [], "frames that have to come by");
    });
    return frames;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

/** An Ethernet frame, padded to the least length. */
export function frame(destination: string, source: string, type: number, payload: Uint8Array): Buffer {
  const head = Buffer.concat([macToBytes(destination), macToBytes(source), bigEndian(type)]);
  return Buffer.concat([head, payload, Buffer.alloc(Math.max(0, 46 - payload.length))]);
}

export interface Packet {
  readonly source: string;
  readonly destination: string;
  /** The protocol of the payload: 17 UDP, 58 ICMPv6 ... */
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** RFC 791 and RFC 8200, without options. */
export function ipPacket({ source, destination, protocol, payload }: Packet): Buffer {
  const from = ipToBytes(source);
  const to = ipToBytes(destination);
  if (from.length === 16) {
    const head = Buffer.from([0x60, 0, 0, 0, ...bigEndian(payload.length), protocol, 255]);
    return Buffer.concat([head, from, to, payload]);
  }
  const head = Buffer.from([
    0x45,
    0,
    ...bigEndian(20 + payload.length),
    0,
    0,
    0,
    0,
    64,
    protocol,
    0,
    0,
    ...from,
    ...to,
  ]);
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, payload]);
}

/** RFC 768; IPv4 allows going without a checksum. */
export function udp(sourcePort: number, destinationPort: number, data: Uint8Array): Buffer {
  const head = [...bigEndian(sourcePort), ...bigEndian(destinationPort), ...bigEndian(8 + data.length), 0, 0];
  return Buffer.concat([Buffer.from(head), data]);
}

/** RFC 792; `body` begins with the four bytes after the checksum. */
export function icmp(type: number, code: number, body: Uint8Array): Buffer {
  const message = Buffer.concat([Buffer.from([type, code, 0, 0]), body]);
  message.writeUInt16BE(checksum(message), 2);
  return message;
}

/** RFC 4443, in its packet: the checksum covers the addresses. */
export function icmpv6(source: string, destination: string, type: number, body: Uint8Array): Buffer {
  const message = Buffer.concat([Buffer.from([type, 0, 0, 0]), body]);
  const pseudo = Buffer.concat([
    ipToBytes(source),
    ipToBytes(destination),
    Buffer.from([0, 0, ...bigEndian(message.length), 0, 0, 0, 58]),
    message,
  ]);
  message.writeUInt16BE(checksum(pseudo), 2);
  return ipPacket({ source, destination, protocol: 58, payload: message });
}

export interface Arp {
  /** 1 request, 2 reply. */
  readonly operation: 1 | 2;
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetAddress: string;
}

/** RFC 826, for IPv4 over Ethernet. */
export function arp({ operation, senderMac, senderAddress, targetAddress }: Arp): Buffer {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, operation]);
  return Buffer.concat([
    head,
    macToBytes(senderMac),
    ipToBytes(senderAddress),
    Buffer.alloc(6),
    ipToBytes(targetAddress),
  ]);
}

/** RFC 1071. */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const bigEndian = (value: number) => Uint8Array.of(value >> 8, value & 0xff);
