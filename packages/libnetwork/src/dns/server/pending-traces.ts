/**
 * Questions that the thread was asked to trace, and has not answered yet.
 */
import type { Trace } from "../../contracts/names.ts";
import { CausewayError, unavailable } from "../../errors.ts";
import type { Traced } from "./protocol.ts";

/** More at a time nobody looks at: each has its answer, and all its steps, in memory of both threads. */
const most = 256;

interface Pending {
  readonly sandboxId: string;
  readonly answer: PromiseWithResolvers<Trace>;
}

export class PendingTraces {
  readonly #pending = new Map<number, Pending>();
  #next = 0;

  get size(): number {
    return this.#pending.size;
  }

  /**
   * @param ask has the thread asked, by this number
   * @throws too_many_lookups
   */
  add(sandboxId: string, ask: (number: number) => void): Promise<Trace> {
    if (this.#pending.size >= most) return Promise.reject(tooMany());
    const number = this.#next++;
    const answer = Promise.withResolvers<Trace>();
    this.#pending.set(number, { sandboxId, answer });
    ask(number);
    return answer.promise;
  }

  settle({ number, trace, failure }: Traced): void {
    const answer = this.#pending.get(number)?.answer;
    this.#pending.delete(number);
    if (trace !== undefined) answer?.resolve(trace);
    else if (failure !== undefined)
      answer?.reject(new CausewayError("invalid", failure.code, failure.message));
    else answer?.reject(unavailable("resolver_failed", "the sandbox is not answered any more"));
  }

  /** Nobody will answer these: of one sandbox, or all. */
  giveUp(error: Error, sandboxId?: string): void {
    for (const [number, pending] of this.#pending) {
      if (sandboxId !== undefined && pending.sandboxId !== sandboxId) continue;
      this.#pending.delete(number);
      pending.answer.reject(error);
    }
  }
}

function tooMany(): Error {
  return unavailable(
    "too_many_lookups",
    `${most} questions are being asked in the place of sandboxes already: ask again when they are answered`,
  );
}
