/**
 * Answers: header, question, records and OPT, written into a buffer that is there already. RFC 1035 4.1, RFC 2181 9 (TC), RFC 6891.
 */
import { byteAt, setWord } from "./bytes.ts";
import { Compression } from "./compression.ts";
import {
  dnssecOkBit,
  headerBits,
  headerLength,
  longestMessage,
  longestName,
  opcodeShift,
  optLength,
  recordTypes,
} from "./constants.ts";
import { hashLabel, rootHash, type WireName } from "./name.ts";
import type { AddressRun, PreparedAnswer, PreparedRecord } from "./prepared.ts";
import type { Asked, Refusal } from "./query.ts";

/** What an answer without records may take, so what there must be room for. */
export const barestAnswer = headerLength + longestName + 4 + optLength;

/** The limit of an answer over TCP, without the two bytes before it. */
export const tcpLimit = longestMessage;

export interface AnswerWriterOptions {
  /**
   * In which order addresses of one name and family are written: as they were prepared, each time beginning with the next, or by chance.
   * Default `shuffle`, as in Docker.
   */
  readonly order?: "given" | "rotate" | "shuffle";
  /** 0 up to 1, not including it. Default Math.random: nothing has to be kept from anybody. */
  readonly random?: () => number;
  /** RA: we find out what we do not know ourselves. Default true. */
  readonly recursionAvailable?: boolean;
  /** The longest query by UDP that we take, told by OPT. Default 1,232, which fits every packet: dnsflagday.net/2020. */
  readonly udpSize?: number;
}

/** Longer ones are left to the runtime: calling it costs as much as copying these. */
const shortCopy = 64;
/** Where every message has its question's name. */
const questionPointer = 0xc000 | headerLength;

/** Writes one answer after another, and keeps nothing of it. */
export class AnswerWriter {
  readonly #order: "given" | "rotate" | "shuffle";
  readonly #random: () => number;
  readonly #recursion: number;
  readonly #udpSize: number;
  readonly #compression = new Compression();
  /** Numbers of a run's records, in the order in which they are written. */
  readonly #shuffled: number[] = [];

  /** What is being written, where it begins, where the next byte goes and where it must end. */
  #into: Uint8Array = new Uint8Array(0);
  #start = 0;
  #at = 0;
  #limit = 0;
  /** Something did not fit: what was begun last counts for nothing. */
  #full = false;

  constructor(options: AnswerWriterOptions = {}) {
    const { order = "shuffle", random = Math.random, recursionAvailable = true, udpSize = 1232 } = options;
    this.#order = order;
    this.#random = random;
    this.#recursion = recursionAvailable ? headerBits.RA : 0;
    this.#udpSize = udpSize;
  }

  /**
   * Writes the answer to a query; the bytes of that may be those that are written to, where both begin at the same offset.
   *
   * @param limit how long it may be: `asked.udpLimit`, or `tcpLimit`
   * @returns how long it is
   * @throws RangeError where there is no room for a `barestAnswer`
   */
  write(
    into: Uint8Array,
    start: number,
    asked: Asked,
    answer: PreparedAnswer,
    limit = asked.udpLimit,
  ): number {
    this.#begin(into, start, asked, limit);
    let flags = answer.authoritative ? headerBits.AA : 0;
    let answers = 0;
    let authorities = 0;
    let additionals = 0;
    if (answer.hasNames) this.#readQuestion(asked);
    answers = this.#writeAnswers(answer);
    if (answers === answer.answers.length) authorities = this.#writeRecords(answer.authorities);
    // RFC 2181 9: what is left out of the additional records is nothing that was asked for.
    if (this.#full) flags |= headerBits.TC;
    else additionals = this.#writeRecords(answer.additionals);
    return this.#end(asked, answer.rcode, flags, answers, authorities, additionals);
  }

  /** An answer without records. */
  writeBare(into: Uint8Array, start: number, asked: Asked, rcode: number, authoritative = false): number {
    this.#begin(into, start, asked, longestMessage);
    return this.#end(asked, rcode, authoritative ? headerBits.AA : 0, 0, 0, 0);
  }

  /** What is wrong with a query. */
  writeRefusal(into: Uint8Array, start: number, refusal: Refusal): number {
    return this.writeBare(into, start, refusal, refusal.rcode);
  }

  #begin(into: Uint8Array, start: number, asked: Asked, limit: number): void {
    const room = into.length - start;
    if (start < 0 || room < barestAnswer)
      throw new RangeError(`room for ${room} bytes: ${barestAnswer} at least`);
    this.#into = into;
    this.#start = start;
    this.#at = start + headerLength;
    this.#limit = start + longestMessage;
    this.#full = false;
    this.#copy(asked.message, asked.start + headerLength, asked.questionEnd);
    // The OPT record is never left out.
    const most = Math.min(limit, room, longestMessage) - (asked.edns ? optLength : 0);
    this.#limit = start + most;
  }

  #end(
    asked: Asked,
    rcode: number,
    flags: number,
    answers: number,
    authorities: number,
    additionals: number,
  ): number {
    const into = this.#into;
    const start = this.#start;
    const hasQuestion = asked.questionEnd > asked.start + headerLength;
    if (asked.edns) this.#writeOpt(asked, rcode);
    setWord(into, start, asked.id);
    setWord(
      into,
      start + 2,
      headerBits.QR |
        (asked.opcode << opcodeShift) |
        flags |
        this.#recursion |
        (asked.recursionDesired ? headerBits.RD : 0) |
        (asked.checkingDisabled ? headerBits.CD : 0) |
        (rcode & headerBits.RCODE),
    );
    setWord(into, start + 4, hasQuestion ? 1 : 0);
    setWord(into, start + 6, answers);
    setWord(into, start + 8, authorities);
    setWord(into, start + 10, additionals + (asked.edns ? 1 : 0));
    return this.#at - start;
  }

  /** RFC 6891 6.1.2 and 6.1.3: there the rcode has eight bits more. */
  #writeOpt(asked: Asked, rcode: number): void {
    const into = this.#into;
    const at = this.#at;
    into[at] = 0;
    setWord(into, at + 1, recordTypes.OPT);
    setWord(into, at + 3, this.#udpSize);
    setWord(into, at + 5, (rcode >>> 4) << 8);
    setWord(into, at + 7, asked.dnssecOk ? dnssecOkBit : 0);
    setWord(into, at + 9, 0);
    this.#at = at + optLength;
  }

  /** @returns how many there was room for */
  #writeRecords(records: readonly PreparedRecord[]): number {
    let count = 0;
    for (; count < records.length; count++) {
      if (!this.#writeNumber(records, count)) break;
    }
    return count;
  }

  #writeAnswers(answer: PreparedAnswer): number {
    const { answers, runs } = answer;
    if (runs.length === 0 || this.#order === "given") return this.#writeRecords(answers);
    const turn = answer.turn;
    answer.turn = (turn + 1) & 0x3fff_ffff;
    let next = 0;
    for (const run of runs) {
      for (; next < run.from; next++) if (!this.#writeNumber(answers, next)) return next;
      this.#shuffle(run, turn);
      for (let index = 0; index < run.count; index++, next++) {
        if (!this.#writeNumber(answers, this.#shuffled[index] ?? 0)) return next;
      }
    }
    for (; next < answers.length; next++) if (!this.#writeNumber(answers, next)) break;
    return next;
  }

  #shuffle({ from, count }: AddressRun, turn: number): void {
    const numbers = this.#shuffled;
    if (this.#order === "rotate") {
      for (let index = 0; index < count; index++) numbers[index] = from + ((turn + index) % count);
      return;
    }
    // Fisher and Yates, inside out.
    for (let index = 0; index < count; index++) {
      const other = Math.floor(this.#random() * (index + 1));
      numbers[index] = numbers[other] ?? 0;
      numbers[other] = from + index;
    }
  }

  /** @returns whether there was room for it */
  #writeNumber(records: readonly PreparedRecord[], number: number): boolean {
    const record = records[number];
    if (record === undefined) return true;
    const at = this.#at;
    this.#writeRecord(record);
    if (this.#full) this.#at = at;
    return !this.#full;
  }

  #writeRecord({ owner, body, names, after, target }: PreparedRecord): void {
    if (owner === undefined) this.#pointer(questionPointer);
    else this.#name(owner);
    const bodyAt = this.#at;
    this.#copy(body, 0, body.length);
    if (this.#full) return;
    if (target !== undefined) this.#remember(target, this.#at - target.bytes.length);
    if (names.length === 0) return;
    for (const name of names) this.#name(name);
    this.#copy(after, 0, after.length);
    if (!this.#full) setWord(this.#into, bodyAt + 8, this.#at - bodyAt - 10);
  }

  /** As many labels as are not to be found in the message yet, and a pointer to the rest. */
  #name(name: WireName): void {
    const { bytes, labels, hashes } = name;
    let found = 0;
    let label = 0;
    for (; label < labels.length; label++) {
      found = this.#compression.find(this.#into, this.#start, name, label);
      if (found !== 0) break;
    }
    const at = this.#at;
    this.#copy(bytes, 0, found === 0 ? bytes.length : (labels[label] ?? 0));
    if (found !== 0) this.#pointer(0xc000 | found);
    if (this.#full) return;
    for (let index = 0; index < label; index++) {
      this.#compression.add(hashes[index] ?? 0, at - this.#start + (labels[index] ?? 0));
    }
  }

  #remember({ labels, hashes }: WireName, at: number): void {
    for (const [index, label] of labels.entries()) {
      this.#compression.add(hashes[index] ?? 0, at - this.#start + label);
    }
  }

  /** The names of the question, from each of its labels on. */
  #readQuestion(asked: Asked): void {
    this.#compression.begin();
    if (asked.questionEnd > asked.start + headerLength) this.#readLabel(headerLength);
  }

  #readLabel(offset: number): number {
    const at = this.#start + offset;
    const length = byteAt(this.#into, at);
    if (length === 0) return rootHash;
    const hash = hashLabel(this.#readLabel(offset + length + 1), this.#into, at);
    this.#compression.add(hash, offset);
    return hash;
  }

  #pointer(value: number): void {
    const at = this.#at;
    if (at + 2 > this.#limit) {
      this.#full = true;
      return;
    }
    setWord(this.#into, at, value);
    this.#at = at + 2;
  }

  #copy(from: Uint8Array, begin: number, end: number): void {
    const into = this.#into;
    let at = this.#at;
    const count = end - begin;
    if (at + count > this.#limit) {
      this.#full = true;
      return;
    }
    if (count > shortCopy) into.set(from.subarray(begin, end), at);
    else for (let offset = begin; offset < end; offset++) into[at++] = byteAt(from, offset);
    this.#at += count;
  }
}
