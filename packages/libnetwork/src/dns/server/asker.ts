/**
 * Who asks, as far as an answer that comes later needs it.
 */
import type { TraceStep } from "../../contracts/names.ts";
import type { Observer, Protocol } from "../upstream/contract.ts";

export interface Remembered {
  /** Stands for the asker's socket. */
  readonly peer: number;
  /** @param answer the caller's again when it returns */
  send(answer: Uint8Array): void;
}

/** Is told how an answer is found. */
export interface Tracer extends Observer {
  step(step: TraceStep): void;
}

export interface Asker {
  readonly protocol: Protocol;
  /** Of somebody who wants to know more than the answer. */
  readonly tracer?: Tracer;
  /** For an answer that comes after this. */
  remember(): Remembered;
}

/** Makes answers of questions. */
export interface Answering {
  /**
   * @param bytes the question, from `at` on, `length` bytes
   * @param into where the answer is written, from `intoAt` on: there is room for what the asker takes
   * @returns the answer's length; 0 where there is none, or not yet: then it goes to whom the asker remembered
   */
  answer(bytes: Buffer, at: number, length: number, into: Buffer, intoAt: number, asker: Asker): number;
}
