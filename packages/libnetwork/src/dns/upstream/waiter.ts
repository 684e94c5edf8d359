/**
 * Who waits for an answer: what of the query is needed to make the answer its own.
 */

import { byteAt, setWord, wordAt } from "../wire/bytes.ts";
import { headerBits, headerLength, rcodes } from "../wire/constants.ts";
import type { Chained } from "./chained-map.ts";
import type { Protocol, Reply, Server } from "./contract.ts";
import type { Exchange } from "./exchange.ts";
import { address, bareLength, lowerCase, writeBare } from "./outgoing.ts";
import type { Question } from "./question.ts";

/** Where the waiter is remembered. */
export interface WaiterOwner {
  forget(waiter: Waiter): void;
}

/** Answers of our own are written here; it is valid until the next. */
const scratch = new Uint8Array(bareLength);

export class Waiter implements Chained<Waiter> {
  readonly owner: WaiterOwner;
  readonly peer: number;
  readonly id: number;
  readonly reply: Reply;
  readonly exchange: Exchange;
  readonly #protocol: Protocol;
  readonly #udpLimit: number;
  /** As it was asked, where there was a capital letter in it. */
  readonly #name: Uint8Array | undefined;
  /** In the exchange's list. */
  before: Waiter | undefined;
  after: Waiter | undefined;
  next: Waiter | undefined;

  constructor(
    owner: WaiterOwner,
    exchange: Exchange,
    query: Uint8Array,
    question: Question,
    protocol: Protocol,
    peer: number,
    reply: Reply,
  ) {
    this.owner = owner;
    this.exchange = exchange;
    this.peer = peer;
    this.reply = reply;
    this.id = wordAt(query, 0);
    this.#protocol = protocol;
    this.#udpLimit = question.udpLimit;
    const own = question.plain && !question.lowerCase;
    this.#name = own ? new Uint8Array(query.subarray(headerLength, question.nameEnd)) : undefined;
  }

  /** @param answer is written to */
  deliver(answer: Uint8Array | "failed", from: Server | undefined): void {
    if (answer === "failed") {
      this.reply("failed", this.peer, from);
      return;
    }
    const { plain, nameEnd, variant } = this.exchange;
    if (plain) {
      if (this.#name === undefined) lowerCase(answer, nameEnd);
      else copy(this.#name, 0, answer, headerLength, this.#name.length);
    }
    address(answer, this.id, variant);
    this.reply(fitting(answer, this.#protocol, nameEnd + 4, variant, this.#udpLimit), this.peer, from);
  }
}

/** The cache's answer as the asker's own, with not a byte allocated. */
export function answerAs(
  answer: Uint8Array,
  query: Uint8Array,
  question: Question,
  protocol: Protocol,
): Uint8Array {
  const { nameEnd, variant } = question;
  copy(query, headerLength, answer, headerLength, nameEnd - headerLength);
  address(answer, wordAt(query, 0), variant);
  return fitting(answer, protocol, question.end, variant, question.udpLimit);
}

/** REFUSED (RFC 1035 4.1.1: 5), with recursion available, as every answer of a resolver. */
export function refusal(query: Uint8Array, question: Question): Uint8Array {
  const length = writeBare(scratch, query, question.end, question.variant);
  const kept = wordAt(query, 2) & (headerBits.OPCODE | headerBits.RD | headerBits.CD);
  setWord(scratch, 2, headerBits.QR | headerBits.RA | kept | rcodes.REFUSED);
  return scratch.subarray(0, length);
}

/** The answer, or where it is too long for the asker its question with TC set: it comes again over TCP. */
function fitting(
  answer: Uint8Array,
  protocol: Protocol,
  questionEnd: number,
  variant: number,
  limit: number,
): Uint8Array {
  if (protocol === "tcp" || answer.length <= limit) return answer;
  const length = writeBare(scratch, answer, questionEnd, variant);
  setWord(scratch, 2, wordAt(answer, 2) | headerBits.TC);
  return scratch.subarray(0, length);
}

/** By hand: a name is some twenty bytes, less than what a call to `set` and a view for it cost. */
function copy(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  for (let offset = 0; offset < length; offset++) to[toAt + offset] = byteAt(from, fromAt + offset);
}
