/**
 * What the resolver's thread counts, in memory that the controller reads whenever it wants: nobody is asked, and nobody waits.
 */
import type { ResolverCounts } from "../../contracts/names.ts";
import type { ForwarderCounts } from "../upstream/contract.ts";

/** Of questions, by what came of them here. */
export interface AnswerCounts {
  questions: number;
  found: number;
  private: number;
}

const places = [
  "questions",
  "found",
  "private",
  "cached",
  "refused",
  "asked",
  "silent",
  "unreachable",
  "broken",
  "strange",
] as const satisfies readonly (keyof ResolverCounts)[];

/** Lasts longer than a thread: the next one goes on counting. */
export function countsMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(places.length * Float64Array.BYTES_PER_ELEMENT);
}

export function countsIn(memory: SharedArrayBuffer): ResolverCounts {
  const numbers = new Float64Array(memory);
  const entries = places.map((name, at) => [name, numbers[at] ?? 0] as const);
  return Object.fromEntries(entries) as Record<(typeof places)[number], number>;
}

/** The thread's side. */
export class PublishedCounts {
  readonly #numbers: Float64Array;
  /** Of threads before this one. */
  readonly #before: Float64Array;
  readonly #answers: AnswerCounts;
  readonly #others: Readonly<ForwarderCounts>;

  constructor(memory: SharedArrayBuffer, answers: AnswerCounts, others: Readonly<ForwarderCounts>) {
    this.#numbers = new Float64Array(memory);
    this.#before = this.#numbers.slice();
    this.#answers = answers;
    this.#others = others;
  }

  /** Costs some nanoseconds: it is done before each wait. */
  publish(): void {
    const { questions, found, private: hidden } = this.#answers;
    const { cached, refused, sent, silent, unreachable, broken } = this.#others;
    const { notAnswers, wrongId, wrongQuestion, wrongCase } = this.#others;
    this.#set(0, questions);
    this.#set(1, found);
    this.#set(2, hidden);
    this.#set(3, cached);
    this.#set(4, refused);
    this.#set(5, sent);
    this.#set(6, silent);
    this.#set(7, unreachable);
    this.#set(8, broken);
    this.#set(9, notAnswers + wrongId + wrongQuestion + wrongCase);
  }

  #set(place: number, value: number): void {
    this.#numbers[place] = (this.#before[place] ?? 0) + value;
  }
}
