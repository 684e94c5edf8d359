/**
 * Ethernet frames, sent as they are by a link: packet(7).
 */
import type { NetNamespace } from "./namespace.ts";
import { bindSocket, openSocket, SOCK_RAW, sendBytes } from "./socket.ts";

const AF_PACKET = 17;
/** No frame is received. */
const noProtocol = 0;

/** @param link its index in the namespace */
export function sendFrames(namespace: NetNamespace, link: number, frames: readonly Uint8Array[]): void {
  using socket = namespace.run(() => openSocket(AF_PACKET, SOCK_RAW, noProtocol, { nonBlocking: true }));
  // struct sockaddr_ll of linux/if_packet.h
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(link, 4);
  bindSocket(socket, address, `link ${link}`);
  for (const frame of frames) sendBytes(socket, frame, frame.length, `link ${link}`);
}
