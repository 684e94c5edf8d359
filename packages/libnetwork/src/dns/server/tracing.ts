/**
 * Questions that somebody asks in a sandbox's place: answered as its own are, and told how.
 */

import { parseIp } from "../../address/ip.ts";
import type { AskingOutcome, Trace, TraceStep } from "../../contracts/names.ts";
import { invalid } from "../../errors.ts";
import type { Protocol, Server } from "../upstream/contract.ts";
import { tcpLimit } from "../wire/answer.ts";
import { headerBits, rcodeName, rcodes, recordType, recordTypeName } from "../wire/constants.ts";
import { dataText, recordData } from "../wire/data-text.ts";
import { type Message, nameAt, readMessage } from "../wire/message.ts";
import { isTruncated, questionMessage } from "../wire/question.ts";
import { reverseName } from "../wire/reverse.ts";
import type { Answering, Asker, Remembered, Tracer } from "./asker.ts";

/** No client's: these have a port. */
const nobody = -1;

export interface TraceSetting {
  /** What stands for the host's namespace. */
  readonly hostKey: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/**
 * Asks, by UDP, and again by TCP where the answer is cut short: as a client does.
 *
 * @param name a name, or for PTR an address
 * @param done is told, once, at once or later
 * @throws invalid_name, unknown_record_type
 */
export function traceQuestion(
  answering: Answering,
  { name, type }: { readonly name: string; readonly type: string },
  { hostKey, now }: TraceSetting,
  done: (trace: Trace) => void,
): void {
  const question = questionOf(name, type);
  const began = now();
  const steps: TraceStep[] = [];
  const ask = (protocol: Protocol): void => {
    const into = Buffer.alloc(tcpLimit);
    const take = (answer: Uint8Array) => {
      if (protocol === "udp" && isTruncated(answer)) ask("tcp");
      else done({ name, type, ...read(answer), milliseconds: now() - began, steps });
    };
    const length = answering.answer(
      question,
      0,
      question.length,
      into,
      0,
      new TracingAsker(protocol, steps, hostKey, take),
    );
    if (length > 0) take(into.subarray(0, length));
  };
  ask("udp");
}

function questionOf(name: string, type: string): Buffer {
  const number = recordType(type);
  if (number === undefined)
    throw invalid(
      "unknown_record_type",
      `there is no type of records "${type}": TYPE65280 is one by its number`,
      type,
    );
  const isAddress = type === "PTR" && /^[0-9.]+$|:/.test(name);
  return questionMessage({ name: isAddress ? reverseName(parseIp(name)) : name, type: number });
}

class TracingAsker implements Asker, Tracer {
  readonly protocol: Protocol;
  readonly #steps: TraceStep[];
  readonly #hostKey: string;
  readonly #take: (answer: Uint8Array) => void;
  #tried = 0;

  constructor(protocol: Protocol, steps: TraceStep[], hostKey: string, take: (answer: Uint8Array) => void) {
    this.protocol = protocol;
    this.#steps = steps;
    this.#hostKey = hostKey;
    this.#take = take;
  }

  get tracer(): Tracer {
    return this;
  }

  remember(): Remembered {
    return {
      peer: nobody,
      send: (answer) => {
        if (this.#tried === 0) this.step({ at: "nobody" });
        this.#take(answer);
      },
    };
  }

  step(step: TraceStep): void {
    this.#steps.push(step);
  }

  cached(): void {
    this.#tried++;
    this.step({ at: "cache" });
  }

  tried(
    { address, namespace }: Server,
    protocol: Protocol,
    outcome: AskingOutcome,
    milliseconds: number,
    rcode?: number,
  ): void {
    this.#tried++;
    const from = namespace === this.#hostKey ? "host" : "sandbox";
    const said = rcode === undefined ? {} : { rcode: rcodeName(rcode) };
    this.step({ at: "server", address, from, protocol, outcome, ...said, milliseconds });
  }
}

function read(answer: Uint8Array): Pick<Trace, "rcode" | "answers"> {
  const message = readMessage(answer);
  // A server's, that was judged to be an answer: its code is all that can be told.
  if (message === undefined)
    return { rcode: rcodeName((answer[3] ?? rcodes.SERVFAIL) & headerBits.RCODE), answers: [] };
  return { rcode: rcodeName(message.rcode), answers: answersIn(message) };
}

function answersIn(message: Message): Trace["answers"] {
  return message.records
    .filter(({ section }) => section === 1)
    .map((record) => ({
      name: nameAt(message, record.nameAt) ?? "",
      type: recordTypeName(record.type),
      ttl: record.ttl,
      value: dataText(recordData(message, record)),
    }));
}
