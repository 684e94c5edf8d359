/**
 * Makes an answer of a question: of what the sandbox sees, or of what others say.
 */
import type { TraceStep } from "../../contracts/names.ts";
import { CausewayError } from "../../errors.ts";
import type { Client, Reply } from "../upstream/contract.ts";
import { AnswerWriter, barestAnswer, tcpLimit } from "../wire/answer.ts";
import { setWord } from "../wire/bytes.ts";
import { rcodes, recordClasses, recordTypes } from "../wire/constants.ts";
import { type PreparedAnswer, prepareAnswer } from "../wire/prepared.ts";
import { type Query, QueryReader } from "../wire/query.ts";
import { isTruncated, questionMessage } from "../wire/question.ts";
import { addressOfName } from "../wire/reverse.ts";
import type { Finding, Found } from "../zone/finding.ts";
import type { Zone } from "../zone/zone.ts";
import type { Answering, Asker, Tracer } from "./asker.ts";
import { continued } from "./continuing.ts";
import type { AnswerCounts } from "./counts.ts";

/** Types that names here may have, by their numbers; all others are one. */
const knownTypes: ReadonlyMap<number, string> = new Map(
  (["A", "AAAA", "CNAME", "PTR", "TXT", "SRV", "ANY"] as const).map((name) => [recordTypes[name], name]),
);

/** Answers whose bytes are made once, for as long as what was found is the same. */
const prepared = new WeakMap<Found, PreparedAnswer>();

/** One of each for the thread: a question is answered, or copied, before the next is read. */
const reader = new QueryReader();
const writer = new AnswerWriter();

export class AnsweringSandbox implements Answering {
  readonly #zone: Zone;
  readonly #sandboxId: string;
  readonly #client: Client;
  readonly #counts: AnswerCounts;
  readonly #refresh: () => void;

  /** @param refresh brings the client's servers up to date */
  constructor(zone: Zone, sandboxId: string, client: Client, counts: AnswerCounts, refresh: () => void) {
    this.#counts = counts;
    this.#zone = zone;
    this.#sandboxId = sandboxId;
    this.#client = client;
    this.#refresh = refresh;
  }

  answer(bytes: Buffer, at: number, length: number, into: Buffer, intoAt: number, asker: Asker): number {
    const asked = reader.read(bytes, length, at);
    if (asked === undefined) return 0;
    if (asked.rcode !== rcodes.NOERROR) return writer.writeRefusal(into, intoAt, asked);
    if (asked.class !== recordClasses.IN && asked.class !== recordClasses.ANY)
      return writer.writeBare(into, intoAt, asked, rcodes.NOTIMP);
    this.#counts.questions++;
    const finding = this.#find(asked, asker.tracer);
    if (finding.kind === "found") {
      this.#counts.found++;
      if (finding.continues !== undefined) {
        this.#continue(finding, finding.continues, bytes, at, length, asker);
        return 0;
      }
      const answer = preparedOf(finding);
      // A record of a user's that no message can hold.
      if (answer === undefined) return writer.writeBare(into, intoAt, asked, rcodes.SERVFAIL);
      const limit = asker.protocol === "udp" ? asked.udpLimit : tcpLimit;
      return writer.write(into, intoAt, asked, answer, limit);
    }
    if (finding.kind === "private") {
      this.#counts.private++;
      return writer.writeBare(into, intoAt, asked, rcodes.NXDOMAIN);
    }
    this.#forward(bytes, at, length, asker);
    return 0;
  }

  #find({ name, type }: Query, tracer: Tracer | undefined): Finding {
    const tell = tracer && ((step: TraceStep) => tracer.step(step));
    const address = type === recordTypes.PTR ? addressOfName(name) : undefined;
    if (address !== undefined) return this.#zone.nameOf(this.#sandboxId, address.toString(), tell);
    return this.#zone.lookUp(this.#sandboxId, name, knownTypes.get(type) ?? "another", tell);
  }

  #forward(bytes: Buffer, at: number, length: number, asker: Asker): void {
    this.#refresh();
    const { peer, send } = asker.remember();
    const question = Buffer.from(bytes.subarray(at, at + length));
    const reply: Reply = (answer) => send(answer === "failed" ? failure(question) : answer);
    this.#client.forward(question, asker.protocol, peer, reply, question.length, asker.tracer);
  }

  /** What our records say, and what others say of the name that these lead to. */
  #continue(found: Found, target: string, bytes: Buffer, at: number, length: number, asker: Asker): void {
    this.#refresh();
    const { peer, send } = asker.remember();
    const question = Buffer.from(bytes.subarray(at, at + length));
    const asked = reader.read(question, length);
    if (asked?.rcode !== rcodes.NOERROR) return;
    const { type, dnssecOk, checkingDisabled } = asked;
    const onward = questionMessage({ name: target, type, dnssecOk, checkingDisabled });
    // Two that ask the same by the same port are not to be taken for one: they may have come by other names.
    setWord(onward, 0, asked.id);
    const { protocol, tracer } = asker;
    const reply: Reply = (answer) => {
      // All of it: what is too long for the asker is cut short here.
      if (answer !== "failed" && isTruncated(answer)) {
        this.#client.forward(onward, "tcp", peer, reply, onward.length, tracer);
        return;
      }
      const again = reader.read(question, length);
      if (again === undefined) return;
      const into = Buffer.alloc(protocol === "udp" ? again.udpLimit : tcpLimit);
      send(into.subarray(0, writer.write(into, 0, again, continued(found.answers, answer), into.length)));
    };
    this.#client.forward(onward, "udp", peer, reply, onward.length, tracer);
  }
}

/** SERVFAIL to a question that was read before. */
function failure(question: Buffer): Uint8Array {
  const asked = reader.read(question, question.length);
  if (asked === undefined) return question;
  const into = Buffer.alloc(barestAnswer);
  return into.subarray(0, writer.writeBare(into, 0, asked, rcodes.SERVFAIL));
}

/** Undefined where a name or a text is longer than any may be. */
function preparedOf(found: Found): PreparedAnswer | undefined {
  const known = prepared.get(found);
  if (known !== undefined) return known;
  const { answers, additional: additionals } = found;
  try {
    const made = prepareAnswer({ authoritative: true, answers, additionals });
    prepared.set(found, made);
    return made;
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error;
    return undefined;
  }
}
