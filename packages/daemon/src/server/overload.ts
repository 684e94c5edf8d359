/**
 * Overload: what is too much at once is told so at once (503, Retry-After), and costs nothing more.
 */
import type { FastifyRequest } from "fastify";
import type { Limits } from "../config/index.ts";
import { Refusal } from "./refusal.ts";

/** How often it is looked whether the event loop is late, milliseconds. */
const interval = 250;

export class Load implements Disposable {
  readonly #limits: Limits;
  readonly #timer: NodeJS.Timeout;
  #requests = 0;
  #streams = 0;
  #expected = performance.now() + interval;
  /** How often in a row the event loop was late. */
  #late = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#look(), interval).unref();
  }

  /**
   * Counts a request until its answer has ended.
   *
   * @throws overloaded
   */
  take({ raw }: FastifyRequest, ended: (listener: () => void) => void): void {
    if (this.#requests >= this.#limits.requests)
      throw overloaded(`${this.#requests} requests are being worked on`);
    if (this.#late > 1) throw overloaded("the daemon has more to do than it can");
    this.#requests++;
    streaming.set(raw, () => this.#stream(ended));
    ended(() => {
      // One that became a stream is counted there.
      if (streaming.delete(raw)) this.#requests--;
    });
  }

  #stream(ended: (listener: () => void) => void): void {
    if (this.#streams >= this.#limits.streams)
      throw overloaded(`${this.#streams} streams are being listened to`);
    this.#requests--;
    this.#streams++;
    ended(() => this.#streams--);
  }

  #look(): void {
    const now = performance.now();
    this.#late = now - this.#expected > this.#limits.lateness ? this.#late + 1 : 0;
    this.#expected = now + interval;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** How each request that is being worked on becomes a stream. */
const streaming = new WeakMap<FastifyRequest["raw"], () => void>();
const streams = new WeakSet<FastifyRequest["raw"]>();

/**
 * To be called before an answer that goes on for as long as the client listens: it does not count as work.
 *
 * @throws overloaded where there are too many
 */
export function becomeStream({ raw }: FastifyRequest): void {
  const become = streaming.get(raw);
  if (become === undefined) return;
  become();
  streaming.delete(raw);
  streams.add(raw);
}

/** Whether its answer goes on for as long as the client listens, with nothing to say for as long as nothing happens. */
export function isStream({ raw }: FastifyRequest): boolean {
  return streams.has(raw);
}

export function overloaded(why: string): Refusal {
  return new Refusal(503, "unavailable", "overloaded", `${why}: try again in a second`);
}
