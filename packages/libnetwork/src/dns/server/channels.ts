/**
 * Channels to other name servers: a connected UDP socket with a source port of its own for each try, or a TCP connection for several.
 */
import {
  connectTcp,
  connectUdp,
  type DatagramTransfer,
  EPOLLIN,
  type InetSockaddr,
  isKernelError,
  type NetNamespace,
  type OwnedFd,
  receiveDatagram,
  sendDatagram,
} from "@causeway/kernel";
import { unavailable } from "../../errors.ts";
import type { Channel, ChannelListener, Channels, Protocol, Server } from "../upstream/contract.ts";
import { Connections } from "./connections.ts";
import type { Loop, Readable, Watched } from "./loop.ts";
import { serverSockaddr } from "./server-address.ts";
import { takenOver } from "./taken-over.ts";

/** Longer than anybody asks for: what is longer is not whole, and to read 64 kB of it takes time that others wait for. */
const longestDatagram = 4096;
/** Datagrams of one socket that are taken at a time: a server that floods it has its turn, as all others have. */
const mostAtOnce = 4;
const incoming = Buffer.alloc(longestDatagram);
const outgoing = Buffer.alloc(longestDatagram);

export class SocketChannels implements Channels, Disposable {
  readonly #loop: Loop;
  readonly #namespaceOf: (key: string) => NetNamespace | undefined;
  readonly #connections: Connections;

  /** @param namespaceOf what a server's `namespace` stands for; undefined where it is gone */
  constructor(loop: Loop, namespaceOf: (key: string) => NetNamespace | undefined) {
    this.#loop = loop;
    this.#namespaceOf = namespaceOf;
    this.#connections = new Connections(loop, (server) => this.#in(server, connectTcp));
  }

  open(server: Server, protocol: Protocol, listener: ChannelListener): Channel {
    return protocol === "udp"
      ? new DatagramChannel(this.#loop, this.#in(server, connectUdp), listener)
      : this.#connections.channel(server, listener);
  }

  #in<T>({ address, port, namespace: key }: Server, connect: (at: InetSockaddr, port: number) => T): T {
    const namespace = this.#namespaceOf(key);
    if (namespace === undefined) throw unavailable("namespace_gone", `there is no namespace ${key} any more`);
    return namespace.run(() => connect(serverSockaddr(address), port));
  }

  /** The namespace goes: nobody in it is asked any more. */
  leave(namespace: string): void {
    this.#connections.leave(namespace);
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
  }
}

class DatagramChannel implements Channel, Readable {
  readonly #socket: OwnedFd;
  readonly #watched: Watched;
  readonly #listener: ChannelListener;
  #isClosed = false;

  /** @param socket taken over, on an exception too */
  constructor(loop: Loop, socket: OwnedFd, listener: ChannelListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#watched = takenOver(socket, () => loop.watch(socket.fd, EPOLLIN, this));
  }

  send(message: Uint8Array): void {
    if (this.#isClosed) return;
    outgoing.set(message);
    if (sendDatagram(this.#socket.fd, outgoing, message.length) === "refused") this.#fail();
  }

  ready(): void {
    for (let taken = 0; taken < mostAtOnce && !this.#isClosed; taken++) {
      const count = this.#receive();
      if (count === "again") return;
      if (count === "refused") {
        this.#fail();
        return;
      }
      this.#listener.message(incoming.subarray(0, count));
    }
  }

  #receive(): DatagramTransfer {
    try {
      return receiveDatagram(this.#socket.fd, incoming);
    } catch (error) {
      // Whatever else ICMP may say: that it knows no UDP there, or may not be spoken to.
      if (!isKernelError(error)) throw error;
      return "refused";
    }
  }

  #fail(): void {
    this[Symbol.dispose]();
    this.#listener.failed("nobody listens there");
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watched[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }
}
