/**
 * Makes an answer of a question: of what the sandbox sees, or of what others say.
 */
import { CausewayError } from "../../errors.ts";
import type { Client } from "../upstream/contract.ts";
import { AnswerWriter, barestAnswer, tcpLimit } from "../wire/answer.ts";
import { rcodes, recordClasses, recordTypes } from "../wire/constants.ts";
import { type PreparedAnswer, prepareAnswer } from "../wire/prepared.ts";
import { type Query, QueryReader } from "../wire/query.ts";
import { addressOfName } from "../wire/reverse.ts";
import type { Finding, Found } from "../zone/finding.ts";
import type { Zone } from "../zone/zone.ts";
import type { Answering, Asker } from "./asker.ts";

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
  readonly #refresh: () => void;

  /** @param refresh brings the client's servers up to date */
  constructor(zone: Zone, sandboxId: string, client: Client, refresh: () => void) {
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
    const finding = this.#find(asked);
    if (finding.kind === "found") {
      const answer = preparedOf(finding);
      // A record of a user's that no message can hold.
      if (answer === undefined) return writer.writeBare(into, intoAt, asked, rcodes.SERVFAIL);
      const limit = asker.protocol === "udp" ? asked.udpLimit : tcpLimit;
      return writer.write(into, intoAt, asked, answer, limit);
    }
    if (finding.kind === "private") return writer.writeBare(into, intoAt, asked, rcodes.NXDOMAIN);
    this.#forward(bytes, at, length, asker);
    return 0;
  }

  #find({ name, type }: Query): Finding {
    const address = type === recordTypes.PTR ? addressOfName(name) : undefined;
    if (address !== undefined) return this.#zone.nameOf(this.#sandboxId, address.toString());
    return this.#zone.lookUp(this.#sandboxId, name, knownTypes.get(type) ?? "another");
  }

  #forward(bytes: Buffer, at: number, length: number, asker: Asker): void {
    this.#refresh();
    const { peer, send } = asker.remember();
    const question = Buffer.from(bytes.subarray(at, at + length));
    this.#client.forward(question, asker.protocol, peer, (answer) =>
      send(answer === "failed" ? failure(question) : answer),
    );
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
