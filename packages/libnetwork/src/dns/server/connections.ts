/**
 * TCP connections to other name servers: one to each, for all that is asked while it is open, answers in any order (RFC 7766 sections 6.2.1 and 7).
 */
import { type Connecting, setNoDelay } from "@causeway/kernel";
import type { Channel, ChannelListener, Server } from "../upstream/contract.ts";
import { wordAt } from "../wire/bytes.ts";
import { framed } from "./framing.ts";
import type { Loop } from "./loop.ts";
import { MessageStream } from "./stream.ts";
import { takenOver } from "./taken-over.ts";

/** How long one stays open that nobody uses, milliseconds: servers themselves wait for some seconds (RFC 7766 section 6.2.3). */
const idleTime = 5000;
/** How many are kept for others; more go with their answer. */
const mostKept = 256;

export class Connections implements Disposable {
  readonly #loop: Loop;
  readonly #connect: (server: Server) => Connecting;
  readonly #kept = new Map<string, Connection>();

  /** @param connect begins one; throws where there is no socket to be had */
  constructor(loop: Loop, connect: (server: Server) => Connecting) {
    this.#loop = loop;
    this.#connect = connect;
  }

  channel(server: Server, listener: ChannelListener): Channel {
    return new StreamChannel((id) => this.#take(server, id), listener);
  }

  /** One to send a question of this id by: two at a time with the same would have each other's answers. */
  #take(server: Server, id: number): Connection {
    const key = `${server.namespace} ${server.address} ${server.port}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && !kept.isTaken(id)) return kept;
    const { socket, state } = this.#connect(server);
    takenOver(socket, () => setNoDelay(socket.fd));
    const connection: Connection = new Connection(
      server.namespace,
      this.#loop,
      (listener) => new MessageStream(this.#loop, socket, state === "connected", listener),
      () => {
        if (this.#kept.get(key) === connection) this.#kept.delete(key);
      },
    );
    if (kept === undefined && this.#kept.size < mostKept) this.#kept.set(key, connection);
    else connection.retire();
    return connection;
  }

  /** Nothing is left open in a namespace that goes. */
  leave(namespace: string): void {
    for (const connection of [...this.#kept.values()])
      if (connection.namespace === namespace) connection[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const connection of [...this.#kept.values()]) connection[Symbol.dispose]();
  }
}

class Connection implements Disposable {
  readonly namespace: string;
  readonly #loop: Loop;
  readonly #stream: MessageStream;
  readonly #forget: () => void;
  /** By the ids of their questions. */
  readonly #waiting = new Map<number, StreamChannel>();
  #isRetired = false;
  #idle: Disposable | undefined;
  /** Something was sent by it. */
  isUsed = false;

  /** @param forget nobody else is to be given it */
  constructor(
    namespace: string,
    loop: Loop,
    open: (listener: { message(bytes: Uint8Array): void; ended(): void }) => MessageStream,
    forget: () => void,
  ) {
    this.namespace = namespace;
    this.#loop = loop;
    this.#forget = forget;
    this.#stream = open({
      message: (bytes) => {
        if (bytes.length >= 2) this.#waiting.get(wordAt(bytes, 0))?.message(bytes);
      },
      ended: () => this.#ended(),
    });
  }

  isTaken(id: number): boolean {
    return this.#waiting.has(id);
  }

  send(id: number, bytes: Buffer, channel: StreamChannel): void {
    this.#idle?.[Symbol.dispose]();
    this.#idle = undefined;
    this.isUsed = true;
    this.#waiting.set(id, channel);
    this.#stream.send(bytes);
  }

  /** It takes no others, and ends with the last that waits. */
  retire(): void {
    this.#isRetired = true;
    this.#forget();
  }

  /** @param isWell it has answered: one that has not may be dead, and nobody else is to find that out */
  release(id: number, isWell: boolean): void {
    this.#waiting.delete(id);
    if (!isWell) this.retire();
    if (this.#waiting.size > 0) return;
    if (this.#isRetired) this[Symbol.dispose]();
    else this.#idle = this.#loop.timers.at(this.#loop.timers.now() + idleTime, () => this[Symbol.dispose]());
  }

  #ended(): void {
    const channels = [...this.#waiting.values()];
    this[Symbol.dispose]();
    for (const channel of channels) channel.ended();
  }

  /** Tells nobody. */
  [Symbol.dispose](): void {
    this.retire();
    this.#waiting.clear();
    this.#idle?.[Symbol.dispose]();
    this.#stream[Symbol.dispose]();
  }
}

class StreamChannel implements Channel {
  readonly #take: (id: number) => Connection;
  readonly #listener: ChannelListener;
  #connection: Connection | undefined;
  #id = 0;
  #sent: Buffer = Buffer.alloc(0);
  #heard = false;
  /** The connection is one that others had before: that it has ended may be of no concern to this question. */
  #mayTryAgain = false;

  constructor(take: (id: number) => Connection, listener: ChannelListener) {
    this.#take = take;
    this.#listener = listener;
  }

  send(bytes: Uint8Array): void {
    this.#id = wordAt(bytes, 0);
    this.#sent = framed(bytes);
    const connection = this.#take(this.#id);
    this.#mayTryAgain = connection.isUsed;
    this.#sendBy(connection);
  }

  #sendBy(connection: Connection): void {
    this.#connection = connection;
    connection.send(this.#id, this.#sent, this);
  }

  message(bytes: Uint8Array): void {
    this.#heard = true;
    this.#listener.message(bytes);
  }

  /** A server hangs up on who has been idle, perhaps just now: the question is sent once more (RFC 7766 section 6.2.4). */
  ended(): void {
    // One that ended before may have made this one superfluous.
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    if (!this.#mayTryAgain) {
      this.#listener.failed("the connection was closed");
      return;
    }
    this.#mayTryAgain = false;
    try {
      this.#sendBy(this.#take(this.#id));
    } catch {
      this.#listener.failed("no other connection is to be had");
    }
  }

  [Symbol.dispose](): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.release(this.#id, this.#heard);
  }
}
