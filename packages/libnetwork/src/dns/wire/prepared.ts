/**
 * Records and answers whose bytes are made once, so that answering copies them: RFC 1035 4.1.3.
 */
import { invalid } from "../../errors.ts";
import { longAt, setLong, setWord } from "./bytes.ts";
import { longestMessage, rcodes, recordClasses } from "./constants.ts";
import { type AnyRecordData, dataBytes, nameBytes, typeOf } from "./data.ts";
import type { WireName } from "./name.ts";

/** Type, class, TTL and the length of the data. */
const recordHeadLength = 10;

export interface RecordText {
  /** Undefined: whatever name was asked for. */
  readonly owner?: string | undefined;
  /** Seconds; RFC 2181 8: 31 bits. */
  readonly ttl: number;
  readonly data: AnyRecordData;
}

export interface PreparedRecord {
  /** Undefined: the name that was asked for. */
  readonly owner: WireName | undefined;
  /** All from the type on, up to the names that may be pointers. */
  readonly body: Uint8Array;
  readonly names: readonly WireName[];
  readonly after: Uint8Array;
  /** The name that `body` ends with, of a SRV record. */
  readonly target: WireName | undefined;
  readonly isAddress: boolean;
}

/** @throws what `dataBytes` throws; invalid_record for a TTL that is none */
function prepareRecord({ owner, ttl, data }: RecordText): PreparedRecord {
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > 0x7fff_ffff) {
    throw invalid("invalid_record", `${ttl} is no TTL: whole seconds from 0 to 2147483647`, ttl);
  }
  const { before, names, after, target } = dataBytes(data);
  const length = before.length + after.length;
  // With room for a header, a question and an owner.
  if (length > longestMessage - 1024) {
    throw invalid("invalid_record", `the data of a record has ${length} bytes: too long for any message`);
  }
  const body = new Uint8Array(recordHeadLength + before.length);
  setWord(body, 0, typeOf(data));
  setWord(body, 2, recordClasses.IN);
  setLong(body, 4, ttl);
  setWord(body, 8, before.length);
  body.set(before, recordHeadLength);
  return {
    owner: owner === undefined ? undefined : nameBytes(owner),
    body,
    names,
    after,
    target,
    isAddress: data.type === "A" || data.type === "AAAA",
  };
}

export interface AnswerText<R = RecordText> {
  /** Default NOERROR. */
  readonly rcode?: number;
  /** AA: nobody else knows better. */
  readonly authoritative?: boolean;
  readonly answers?: readonly R[];
  readonly authorities?: readonly R[];
  /** Left out where there is no room for them. */
  readonly additionals?: readonly R[];
}

/** Addresses of one name and family that stand side by side: their order may be any. */
export interface AddressRun {
  readonly from: number;
  readonly count: number;
}

export interface PreparedAnswer {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly PreparedRecord[];
  readonly authorities: readonly PreparedRecord[];
  readonly additionals: readonly PreparedRecord[];
  /** Of the answers, with two addresses or more. */
  readonly runs: readonly AddressRun[];
  /** There are names besides the question's. */
  readonly hasNames: boolean;
  /** How often it was written: each answer has a turn of its own, for asking for A and AAAA in turn would have one counter for all go by twos. */
  turn: number;
}

/** @throws what {@link prepareRecord} throws */
export function prepareAnswer(answer: AnswerText = {}): PreparedAnswer {
  const { answers = [], authorities = [], additionals = [] } = answer;
  return joinAnswer({
    ...answer,
    answers: answers.map(prepareRecord),
    authorities: authorities.map(prepareRecord),
    additionals: additionals.map(prepareRecord),
  });
}

/** An answer of records that are prepared already. */
function joinAnswer(answer: AnswerText<PreparedRecord>): PreparedAnswer {
  const { rcode = rcodes.NOERROR, authoritative = false } = answer;
  const { answers = [], authorities = [], additionals = [] } = answer;
  const records = [...answers, ...authorities, ...additionals];
  return {
    rcode,
    authoritative,
    answers,
    authorities,
    additionals,
    runs: runsOf(answers),
    hasNames: records.some(({ owner, names, target }) => owner ?? target ?? names[0]),
    turn: 0,
  };
}

function runsOf(records: readonly PreparedRecord[]): AddressRun[] {
  const runs: AddressRun[] = [];
  let from = 0;
  for (let end = 1; end <= records.length; end++) {
    if (areOfOneSet(records[from], records[end])) continue;
    if (end - from > 1) runs.push({ from, count: end - from });
    from = end;
  }
  return runs;
}

/** Of one RRset, RFC 2181 5: the same owner and type. */
function areOfOneSet(one: PreparedRecord | undefined, other: PreparedRecord | undefined): boolean {
  if (one === undefined || other === undefined || !one.isAddress) return false;
  const sameOwner =
    one.owner === undefined || other.owner === undefined
      ? one.owner === other.owner
      : Buffer.compare(one.owner.bytes, other.owner.bytes) === 0;
  return sameOwner && longAt(one.body, 0) === longAt(other.body, 0);
}
