/**
 * What the forwarder is given by the loop that it lives in, and what it gives: nothing here knows a socket.
 */

import type { AskingOutcome } from "../../contracts/names.ts";
import type { Manner } from "./manner.ts";

export type Protocol = "udp" | "tcp";

/** A name server, and where it is asked from. */
export interface Server {
  /** IPv4 or IPv6, with a zone where it has one. */
  readonly address: string;
  readonly port: number;
  /** Any text that stands for the network namespace: the same address in another namespace is another server. */
  readonly namespace: string;
}

export interface Clock {
  /** Milliseconds that only ever grow; where they begin does not matter. */
  now(): number;
  /** Calls `action` once, at `time` or soon after, never before `at` has returned; not any more once it is disposed of. */
  at(time: number, action: () => void): Disposable;
}

/** What a channel tells. It may do so from inside `open` and `send`, and may be disposed of by what it tells. */
export interface ChannelListener {
  /**
   * A whole message; over TCP without its two bytes of length. The bytes are the listener's to write to until it returns, and
   * nobody's afterwards, even when it disposes of the channel.
   */
  message(bytes: Uint8Array): void;
  /** Nothing more will come: refused by ICMP or reset, closed, or not to be sent. */
  failed(reason: string): void;
}

/** A way to one server. Once it is disposed of it tells nothing more. */
export interface Channel extends Disposable {
  /** Sends one message, over TCP as soon as the connection is there; the bytes are the caller's again when it returns. */
  send(bytes: Uint8Array): void;
}

export interface Channels {
  /**
   * Each UDP channel is a new socket, connected to the server, with a port by chance (RFC 5452 9.2): the kernel lets nothing in that
   * does not come from the server's address and port. Throws when there is no socket to be had, or it
   * cannot send: the next server is tried, and this one's health is what it was.
   */
  open(server: Server, protocol: Protocol, listener: ChannelListener): Channel;
}

export interface RandomNumbers {
  /** 16 bits that nobody can foretell: these are all that stands between a stranger and our cache. */
  next(): number;
}

/**
 * Takes an answer, or the news that there is none. Must not throw.
 *
 * @param answer valid, and the taker's to write to, until it returns or asks something itself
 * @param peer who had asked, as it was given to `forward`
 * @param from which server answered; undefined where none did and for a refusal of our own
 */
export type Reply = (answer: Uint8Array | "failed", peer: number, from: Server | "cache" | undefined) => void;

/** Is told how a query gets its answer, where somebody wants to know. */
export interface Observer {
  cached(): void;
  /** A server was asked. @param rcode of what it answered */
  tried(
    server: Server,
    protocol: Protocol,
    outcome: AskingOutcome,
    milliseconds: number,
    rcode?: number,
  ): void;
}

/** A sandbox that asks. Disposed of, it drops all that is pending, without an answer. */
export interface Client extends Disposable {
  /** How many of its queries wait for an answer. */
  readonly inFlight: number;

  /**
   * Answers a query, from the cache before this returns, otherwise when a server has answered. `reply` is called once for each query,
   * except for one that repeats another which still waits (the same peer, id and question): that has its answer with the first.
   *
   * Over UDP an answer that is too long for the asker is cut down to its question, with TC set.
   *
   * @param query a header and one question at least, otherwise the reply is "failed"; read only until this returns
   * @param protocol the asker's, and that in which servers are asked unless their manner says otherwise
   * @param peer stands for the asker's socket (say, its address and port as one number, or a connection's number)
   * @param length how many bytes of `query` count
   * @param observer is told of each server; its query does not wait for another's answer
   */
  forward(
    query: Uint8Array,
    protocol: Protocol,
    peer: number,
    reply: Reply,
    length?: number,
    observer?: Observer,
  ): void;

  /** Other servers from now on; what is pending goes on with those it had. */
  setServers(servers: readonly Server[], manner?: Manner): void;
}

export interface Forwarder {
  readonly counts: Readonly<ForwarderCounts>;
  /** How many questions are on their way to servers, however many wait for each. */
  readonly inFlight: number;

  /** @param servers in order; the first three count. None: every query fails. */
  client(servers: readonly Server[], manner?: Manner): Client;

  /** Forgets all answers, also those to questions that are on their way: the servers, or what is behind them, have changed. */
  clear(): void;
}

/** What has happened since the start. */
export interface ForwarderCounts {
  /** Queries sent to servers. */
  sent: number;
  answered: number;
  /** Queries that had their answer from the cache, that wait for another's answer, that repeat themselves, that were over the limit. */
  cached: number;
  shared: number;
  repeated: number;
  refused: number;
  /** Tries that ended without an answer in time, with a channel that failed, with an answer that is not whole. */
  silent: number;
  unreachable: number;
  broken: number;
  /** Messages that were ignored: not an answer, another id, another question, our question in another case, after the time-out. */
  notAnswers: number;
  wrongId: number;
  wrongQuestion: number;
  wrongCase: number;
  late: number;
}

export interface ForwarderOptions {
  /** How many queries of one client may wait; the next is answered REFUSED at once. Default 1,024, as in Docker. */
  readonly inFlight?: number;
  /**
   * How many questions of all clients together may be on their way, each with a socket; the next is answered REFUSED. Where half of them are, a
   * client that has 64 itself has no more: one that floods does not take the others' places. Default 4,096.
   */
  readonly exchanges?: number;
  /** How much memory answers may take, in bytes; 0 keeps none. Default 8 MiB. */
  readonly cacheBytes?: number;
  /** How long a server may take, in milliseconds; see `exchange.ts`. Default 1,500. */
  readonly patience?: number;
  /** How long a server that failed is asked last, in milliseconds. Default 10,000. */
  readonly holdOff?: number;
}

/** What a forwarder needs of its loop. */
export interface Surroundings {
  readonly clock: Clock;
  readonly channels: Channels;
  readonly random: RandomNumbers;
}
