/**
 * One plugin under examination: calls, and what they say of the clauses.
 */
import {
  addressText,
  type Exchange,
  type PluginAddress,
  type RawAnswer,
  Transport,
} from "../client/index.ts";
import { messageOf, PluginError } from "../errors.ts";
import { shortened } from "../excerpt.ts";
import {
  jsonIn,
  type MethodName,
  methods,
  type RequestFor,
  type ResponseOf,
  readMessage,
  requestBody,
} from "../protocol/index.ts";
import type { ClauseId } from "./clauses.ts";
import { Inventory } from "./inventory.ts";
import { type Outcome, outcomeText } from "./outcome.ts";
import type { Report } from "./report.ts";
import { Verdicts } from "./verdicts.ts";

/** The plugin does not answer any more: going on would only wait. */
export class GivenUp extends Error {}

/** So many calls without an answer are enough. */
const patience = 2;
/** Bytes that are read of one. */
const answerLimit = 1024 * 1024;

export class Examination implements Disposable {
  readonly address: PluginAddress;
  /** Milliseconds for one answer. */
  readonly timeout: number;
  readonly #transport: Transport;
  readonly #signal: AbortSignal | undefined;
  readonly #inventory = new Inventory();
  readonly #verdicts = new Verdicts();
  #calls = 0;
  #silent = 0;

  /** @param signal ends it: what is called next is given up */
  constructor(address: PluginAddress, timeout: number, signal?: AbortSignal) {
    this.address = address;
    this.timeout = timeout;
    this.#signal = signal;
    this.#transport = new Transport(address);
  }

  /** Notes that a clause was kept or, once and for all, broken. */
  expect(id: ClauseId, kept: boolean, evidence: string): boolean {
    this.#verdicts.note(id, kept, evidence);
    return kept;
  }

  /** Notes why a clause cannot be examined, unless it was. */
  skip(id: ClauseId, reason: string): void {
    this.#verdicts.skip(id, reason);
  }

  /** @returns the answer, where the call has succeeded as the clause wants it */
  succeeds<Body>(id: ClauseId, what: string, outcome: Outcome<Body>): Body | undefined {
    this.expect(id, outcome.kind === "success", `${what}: ${outcomeText(outcome)}`);
    return outcome.kind === "success" ? outcome.body : undefined;
  }

  /** The clause wants the call to be refused. */
  refuses(id: ClauseId, what: string, outcome: Outcome): void {
    this.expect(id, outcome.kind === "refusal", `${what}: ${outcomeText(outcome)}`);
  }

  /** The clause wants an answer, of whatever kind. */
  answers(id: ClauseId, what: string, outcome: Outcome): void {
    this.expect(id, outcome.kind !== "nothing", `${what}: ${outcomeText(outcome)}`);
  }

  /** @throws GivenUp */
  async call<M extends MethodName>(method: M, request: RequestFor<M>): Promise<Outcome<ResponseOf<M>>> {
    return this.callRaw(method, requestBody(request));
  }

  /**
   * @param body as it is sent
   * @throws GivenUp
   */
  async callRaw<M extends MethodName>(
    method: M,
    body: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Outcome<ResponseOf<M>>> {
    const answer = await this.exchange(method, body, headers);
    return answer === undefined ? { kind: "nothing", text: "no answer" } : this.read(method, body, answer);
  }

  /** What an answer says, that was got in whatever way. */
  read<M extends MethodName>(
    method: M,
    body: string,
    answer: Pick<RawAnswer, "status" | "text">,
  ): Outcome<ResponseOf<M>> {
    const outcome = this.#read(method, answer);
    if (outcome.kind === "success") this.#inventory.note(method, jsonIn(body), outcome.body);
    return outcome;
  }

  /** A call whose end says nothing: a connection may break, nothing may come. */
  async provoke(method: MethodName, body: string, httpMethod = "POST"): Promise<Outcome> {
    this.#countCall();
    try {
      const answer = await this.#send(method, body, { method: httpMethod });
      return this.read(method, body, answer);
    } catch (error) {
      return { kind: "nothing", text: messageOf(error) };
    }
  }

  /** Takes away what is left, as far as the plugin lets. */
  async cleanUp(): Promise<void> {
    for (const { method, request } of this.#inventory.removals()) {
      try {
        const { status, text } = await this.#send(method, requestBody(request));
        const failed = status !== 200 || fieldIn(jsonIn(text), methods[method].errorField) !== undefined;
        if (!failed) this.#inventory.note(method, request, undefined);
      } catch {
        // Who does not answer now will not answer the rest.
        return;
      }
    }
  }

  /**
   * @returns undefined where there was no answer, which is noted
   * @throws GivenUp
   */
  async exchange(
    method: string,
    body: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawAnswer | undefined> {
    this.#countCall();
    try {
      const answer = await this.#send(method, body, { headers });
      this.expect("answer.comes", true, "");
      this.expect("answer.size", true, "");
      this.#silent = 0;
      return answer;
    } catch (error) {
      const tooLarge = error instanceof PluginError && error.code === "plugin_answer_too_large";
      this.expect(tooLarge ? "answer.size" : "answer.comes", false, messageOf(error));
      if (!tooLarge && ++this.#silent >= patience) throw new GivenUp(messageOf(error));
      return undefined;
    }
  }

  report(kinds: readonly string[]): Report {
    const results = this.#verdicts.results();
    return {
      address: addressText(this.address),
      implements: kinds,
      clauses: results,
      calls: this.#calls,
      made: this.#inventory.made,
      left: this.#inventory.left,
      interrupted: this.#signal?.aborted === true,
      passed: !results.some(({ level, outcome }) => level === "must" && outcome === "broken"),
    };
  }

  /** @throws GivenUp */
  #countCall(): void {
    if (this.#signal?.aborted === true) throw new GivenUp("the check was ended");
    this.#calls++;
  }

  #send(method: string, body: string, others: Pick<Exchange, "headers" | "method"> = {}): Promise<RawAnswer> {
    const { timeout } = this;
    return this.#transport.exchange({ path: `/${method}`, body, limit: answerLimit, timeout, ...others });
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  #read<M extends MethodName>(
    method: M,
    { status, text }: Pick<RawAnswer, "status" | "text">,
  ): Outcome<ResponseOf<M>> {
    const { errorField, response } = methods[method];
    const value = jsonIn(text);
    if (status === 404) return { kind: "unknown", status, text: text.trim() };
    const failure = fieldIn(value, errorField);
    const misplaced = fieldIn(value, errorField === "Err" ? "Error" : "Err");
    if (failure !== undefined || misplaced !== undefined) {
      // With another status than 200, dockerd reads Err of anybody.
      const understood = failure !== undefined || status !== 200;
      this.expect("answer.error-field", understood, `${method}: ${text.trim()}`);
      return { kind: "refusal", status, text: failure ?? misplaced ?? "" };
    }
    if (status !== 200) return { kind: "refusal", status, text: `${status} ${text.trim()}` };
    try {
      if (value === undefined) throw new Error("no JSON");
      const body = readMessage(response, value) as ResponseOf<M>;
      this.expect("answer.form", true, "");
      return { kind: "success", body };
    } catch (error) {
      this.expect("answer.form", false, `${method}: ${messageOf(error)}: ${shortened(text)}`);
      return { kind: "nothing", text: "an answer that cannot be read" };
    }
  }
}

function fieldIn(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const field: unknown = Reflect.get(value, name);
  return typeof field === "string" && field !== "" ? field : undefined;
}
