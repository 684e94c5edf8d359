/**
 * Serves one UDP port of [::1]. Each client's port has a socket of its own towards the container, so that answers find back.
 */
import { createSocket, type Socket } from "node:dgram";
import { isKernelError, type NetNamespace, type OwnedFd, refuseSharing } from "@causeway/kernel";
import type { UdpSessions } from "./udp-sessions.ts";
import { type ContainerPort, connectUdp } from "./upstream.ts";

/** Datagrams that may wait in a socket of Node.js before more of them are dropped. */
const mostWaiting = 64;

export class UdpRelay implements Disposable {
  readonly #namespace: NetNamespace;
  readonly #container: ContainerPort;
  readonly #sessions: UdpSessions<UdpClient>;
  readonly #socket: Socket;
  /** By the client's port. */
  readonly #clients = new Map<number, UdpClient>();

  /** @param socket is bound; it is the relay's from now on */
  constructor(
    socket: OwnedFd,
    container: ContainerPort,
    namespace: NetNamespace,
    sessions: UdpSessions<UdpClient>,
  ) {
    this.#namespace = namespace;
    this.#container = container;
    this.#sessions = sessions;
    this.#socket = createSocket("udp6");
    this.#socket.on("error", () => {});
    this.#socket.on("message", (data, { address, port }) => {
      // Anybody else but [::1] would get past the firewall by this.
      if (address === "::1") this.#clientAt(port)?.toContainer(data);
    });
    this.#socket.bind({ fd: socket.fd, exclusive: true }).unref();
    keepToOurselves(socket);
    socket.release();
  }

  /** Frees the port at once. */
  [Symbol.dispose](): void {
    this.#socket.close();
    for (const client of this.#clients.values()) client[Symbol.dispose]();
  }

  #clientAt(port: number): UdpClient | undefined {
    const known = this.#clients.get(port);
    if (known !== undefined) return known;
    try {
      const upstream = connectUdp(this.#namespace, this.#container);
      const client = new UdpClient(upstream, this.#sessions, {
        answer: (data) => {
          if (this.#socket.getSendQueueCount() < mostWaiting) this.#socket.send(data, port, "::1", ignore);
        },
        closed: () => this.#clients.delete(port),
      });
      this.#clients.set(port, client);
      return client;
    } catch {
      return undefined; // No descriptor or no route: the datagram is lost, as datagrams may be.
    }
  }
}

interface UdpClientEvents {
  answer(data: Buffer): void;
  closed(): void;
}

export class UdpClient implements Disposable {
  readonly #upstream: Socket;
  readonly #sessions: UdpSessions<UdpClient>;
  readonly #events: UdpClientEvents;

  constructor(upstream: Socket, sessions: UdpSessions<UdpClient>, events: UdpClientEvents) {
    this.#upstream = upstream;
    this.#sessions = sessions;
    this.#events = events;
    upstream.on("message", (data) => {
      sessions.touch(this);
      events.answer(data);
    });
  }

  toContainer(data: Buffer): void {
    this.#sessions.touch(this);
    if (this.#upstream.getSendQueueCount() < mostWaiting) this.#upstream.send(data, ignore);
  }

  [Symbol.dispose](): void {
    this.#sessions.forget(this);
    this.#events.closed();
    this.#upstream.close();
  }
}

/** A send's callback: an error goes to it instead of the whole socket. */
function ignore(): void {}

/** Where the kernel refuses, the port is served all the same: until the next open, a socket with SO_REUSEADDR could be bound beside it. */
function keepToOurselves(socket: OwnedFd): void {
  try {
    refuseSharing(socket);
  } catch (error) {
    if (!isKernelError(error)) throw error;
  }
}
