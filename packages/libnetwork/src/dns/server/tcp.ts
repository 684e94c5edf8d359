/**
 * Questions by TCP: any number over one connection, answered as the answers come, RFC 7766.
 */
import { acceptTcp, EPOLLIN, isKernelError, type OwnedFd, setNoDelay } from "@causeway/kernel";
import { longestMessage } from "../wire/constants.ts";
import type { Answering, Asker, Remembered } from "./asker.ts";
import type { ConnectionLimit, Holder } from "./connection-limit.ts";
import { framed } from "./framing.ts";
import type { Loop, Readable, Watched } from "./loop.ts";
import { MessageStream } from "./stream.ts";
import { takenOver } from "./taken-over.ts";
import { Turns } from "./turns.ts";

/** Connections of one sandbox. */
const mostConnections = 256;
/** Connections that are accepted at a time. */
const mostAtOnce = 32;
/** Bytes of a question: none that anybody asks is as long. */
const longestQuestion = 4096;
/** Answers of one connection that are still to come: until then nothing more is read of it. */
const mostPending = 128;
/** Whoever has nothing to ask is hung up on, milliseconds: RFC 7766 section 6.2.3. */
const idleTime = 10_000;

const answer = Buffer.alloc(longestMessage);

export interface TcpSetting {
  readonly loop: Loop;
  /** Has what the controller said taken up. */
  readonly catchUp: () => void;
  /** Of all sandboxes. */
  readonly connections: ConnectionLimit;
}

export class TcpService implements Readable, Holder, Disposable {
  readonly #setting: TcpSetting;
  readonly #listener: OwnedFd;
  readonly #watched: Watched;
  readonly #answering: Answering;
  readonly #destroyed: () => void;
  readonly #connections = new Set<Connection>();
  readonly #turns: Turns;
  #lastPeer = 0;

  /**
   * @param listener stays the caller's
   * @param destroyed is told that somebody destroyed it: nothing comes by it any more
   */
  constructor(listener: OwnedFd, setting: TcpSetting, answering: Answering, destroyed: () => void) {
    const { loop } = setting;
    this.#setting = setting;
    this.#listener = listener;
    this.#answering = answering;
    this.#destroyed = destroyed;
    this.#turns = new Turns(loop.timers);
    this.#watched = loop.watch(listener.fd, EPOLLIN, this);
  }

  ready(): void {
    try {
      for (let accepted = 0; accepted < mostAtOnce; accepted++) {
        const socket = acceptTcp(this.#listener.fd);
        if (socket === undefined) return;
        this.#accept(socket);
      }
    } catch (error) {
      if (isKernelError(error, "EINVAL")) {
        // It would be ready for ever.
        this.#watched[Symbol.dispose]();
        this.#destroyed();
        return;
      }
      // No descriptor is left: whoever waits is accepted when there is.
      if (!isKernelError(error, "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM")) throw error;
      this.#pause();
    }
  }

  #accept(socket: OwnedFd): void {
    if (this.#connections.size >= mostConnections) this.hangUpOldest();
    takenOver(socket, () => setNoDelay(socket.fd));
    const { loop, catchUp, connections } = this.#setting;
    const gone = (connection: Connection) => {
      if (this.#connections.delete(connection)) connections.remove(this);
    };
    const peer = --this.#lastPeer;
    const parts = { catchUp, answering: this.#answering, turns: this.#turns, gone };
    const connection = new Connection(loop, socket, peer, parts);
    connections.add(this);
    this.#connections.add(connection);
  }

  hangUpOldest(): void {
    const [oldest] = this.#connections;
    oldest?.[Symbol.dispose]();
  }

  #pause(): void {
    this.#watched.change(0);
    const { timers } = this.#setting.loop;
    timers.at(timers.now() + 100, () => this.#watched.change(EPOLLIN));
  }

  [Symbol.dispose](): void {
    this.#watched[Symbol.dispose]();
    for (const connection of this.#connections) connection[Symbol.dispose]();
    this.#turns[Symbol.dispose]();
  }
}

interface ConnectionParts {
  readonly catchUp: () => void;
  readonly answering: Answering;
  readonly turns: Turns;
  readonly gone: (connection: Connection) => void;
}

class Connection implements Asker, Disposable {
  readonly protocol = "tcp";
  readonly #loop: Loop;
  readonly #parts: ConnectionParts;
  readonly #peer: number;
  readonly #stream: MessageStream;
  #pending = 0;
  #waitsForTurn = false;
  #idle: Disposable;

  /** @param socket taken over, on an exception too */
  constructor(loop: Loop, socket: OwnedFd, peer: number, parts: ConnectionParts) {
    this.#loop = loop;
    this.#peer = peer;
    this.#parts = parts;
    const message = (bytes: Uint8Array) => this.#asked(bytes);
    const ended = () => this[Symbol.dispose]();
    this.#stream = new MessageStream(loop, socket, true, { message, ended }, longestQuestion);
    this.#idle = this.#hangUpLater();
  }

  #asked(message: Uint8Array): void {
    this.#idle[Symbol.dispose]();
    this.#idle = this.#hangUpLater();
    this.#parts.catchUp();
    const question = Buffer.from(message.buffer, message.byteOffset, message.length);
    const length = this.#parts.answering.answer(question, 0, question.length, answer, 0, this);
    if (length > 0) this.#stream.send(framed(answer.subarray(0, length)));
    this.#waitsForTurn = !this.#parts.turns.take(this.#goOn);
    if (this.#waitsForTurn) this.#stream.pause();
  }

  readonly #goOn = (): void => {
    this.#waitsForTurn = false;
    this.#resume();
  };

  #resume(): void {
    if (!this.#waitsForTurn && this.#pending < mostPending) this.#stream.resume();
  }

  remember(): Remembered {
    if (++this.#pending >= mostPending) this.#stream.pause();
    return {
      peer: this.#peer,
      send: (bytes) => {
        this.#stream.send(framed(bytes));
        this.#pending--;
        this.#resume();
      },
    };
  }

  #hangUpLater(): Disposable {
    const { timers } = this.#loop;
    return timers.at(timers.now() + idleTime, () => {
      if (this.#pending > 0) this.#idle = this.#hangUpLater();
      else this[Symbol.dispose]();
    });
  }

  [Symbol.dispose](): void {
    this.#idle[Symbol.dispose]();
    this.#stream[Symbol.dispose]();
    this.#parts.turns.forget(this.#goOn);
    this.#parts.gone(this);
  }
}
