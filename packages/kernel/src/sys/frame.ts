/**
 * Ethernet frames, sent as they are by a link: packet(7).
 */
import type { OwnedFd } from "./fd.ts";
import { check, libc, uninterrupted } from "./libc.ts";
import type { NetNamespace } from "./namespace.ts";
import { openSocket, SOCK_RAW } from "./socket.ts";

const AF_PACKET = 17;
/** No frame is received. */
const noProtocol = 0;

/**
 * Sends frames by any link of a namespace. To close it takes the kernel a grace period of RCU, some 10 ms, which another thread waits for: keep
 * it while more frames may follow.
 */
export class FrameSender implements AsyncDisposable {
  readonly #socket: OwnedFd;

  constructor(namespace: NetNamespace) {
    this.#socket = namespace.run(() => openSocket(AF_PACKET, SOCK_RAW, noProtocol, { nonBlocking: true }));
  }

  /**
   * @param link its index in the namespace
   * @throws KernelError ENXIO where there is no such link, ENETDOWN where it is down
   */
  send(link: number, frame: Uint8Array): void {
    const to = linkAddress(link);
    check(
      uninterrupted(() => libc.sendto(this.#socket.fd, frame, frame.length, 0, to, to.length)),
      "sendto",
      `link ${link}`,
    );
  }

  /** Nothing can be sent from the call on; returns when the kernel has closed it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#socket.closeAside();
  }
}

/** struct sockaddr_ll of linux/if_packet.h. */
function linkAddress(link: number): Uint8Array {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(link, 4);
  return address;
}
