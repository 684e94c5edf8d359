/**
 * Carries what programs of the host send to [::1] on to containers. DNAT alone cannot: answers for ::1 find no route back, and
 * there is none at all from IPv6 to IPv4. The sockets that hold the ports receive it; they are bound to the loopback
 * interface, so the wire never gets here.
 *
 * It runs on the main thread: an idle port costs about 1 KB, where a worker thread would cost 20 MB from the first port on.
 * Ports are taken up a few at a time, after the operation that published them; until then connections wait in the kernel.
 */
import type { NetNamespace, OwnedFd } from "@causeway/kernel";
import { type Allowance, TcpRelay } from "./tcp-relay.ts";
import { type UdpClient, UdpRelay } from "./udp-relay.ts";
import { type SessionLimits, UdpSessions } from "./udp-sessions.ts";
import type { ContainerPort } from "./upstream.ts";

export interface RelayLimits {
  /** TCP connections open at a time, of all ports; what is beyond is reset. Two descriptors each. Default: 1,024. */
  readonly connections?: number;
  /** UDP clients served at a time, of all ports; default: 1,024, for each 90 seconds after its last datagram. */
  readonly udpSessions?: SessionLimits;
}

/** Ports that are taken up in one turn of the event loop: about a quarter of a millisecond. */
const portsInOneTurn = 16;

export class LoopbackRelay {
  readonly #namespace: NetNamespace;
  readonly #allowance: Allowance;
  readonly #sessions: UdpSessions<UdpClient>;
  readonly #waiting = new Set<RelayedPort>();

  /** @param namespace the host's, from which containers are reached; it must stay open */
  constructor(namespace: NetNamespace, limits: RelayLimits = {}) {
    this.#namespace = namespace;
    this.#allowance = { open: 0, most: limits.connections ?? 1024 };
    this.#sessions = new UdpSessions(limits.udpSessions ?? { idleTime: 90_000, most: 1024 });
  }

  /**
   * Serves a port from soon on, until the answer is disposed of: that frees the port at once.
   *
   * @param socket a listening TCP socket or a bound UDP socket: given away
   */
  serve(socket: OwnedFd, protocol: "tcp" | "udp", container: ContainerPort): Disposable {
    const port = new RelayedPort(socket, {
      start: () =>
        protocol === "tcp"
          ? new TcpRelay(socket, container, this.#namespace, this.#allowance)
          : new UdpRelay(socket, container, this.#namespace, this.#sessions),
      freed: () => this.#waiting.delete(port),
    });
    if (this.#waiting.size === 0) setImmediate(() => this.#takeUp());
    this.#waiting.add(port);
    return port;
  }

  #takeUp(): void {
    let left = portsInOneTurn;
    for (const port of this.#waiting) {
      if (left-- === 0) break;
      this.#waiting.delete(port);
      port.start();
    }
    if (this.#waiting.size > 0) setImmediate(() => this.#takeUp());
  }
}

interface RelayedPortEvents {
  start(): Disposable;
  freed(): void;
}

/** A port that is held by a socket of ours first, and by a relay of Node.js that took it over later. */
class RelayedPort implements Disposable {
  readonly #socket: OwnedFd;
  readonly #events: RelayedPortEvents;
  #relay: Disposable | undefined;

  constructor(socket: OwnedFd, events: RelayedPortEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  start(): void {
    this.#relay = this.#events.start();
  }

  [Symbol.dispose](): void {
    this.#events.freed();
    (this.#relay ?? this.#socket)[Symbol.dispose]();
  }
}
