/**
 * Requests that have begun and are not over: counted, and waited for when the daemon ends.
 */
import { unavailable } from "@causeway/libnetwork";
import type { FastifyInstance, FastifyRequest } from "fastify";

/** Seconds after which a client that was sent away may ask the next daemon. */
const comeAgain = 2;

/** Milliseconds that a stream's client has to read its end: one that reads nothing, a pager or a stopped process, would be waited for in vain. */
const streamsEnd = 1000;

export class InFlight {
  readonly #requests = new Set<FastifyRequest>();
  #isStream: (request: FastifyRequest) => boolean = () => false;
  #draining = false;
  #waiters: (() => void)[] = [];

  /**
   * Counts the requests of a server; to be called before its routes are made.
   *
   * @param isStream whether an answer goes on for as long as the client listens
   */
  watch(server: FastifyInstance, isStream: (request: FastifyRequest) => boolean): void {
    this.#isStream = isStream;
    server.addHook("onRequest", async (request, reply) => {
      if (this.#draining) {
        reply.header("retry-after", comeAgain).header("connection", "close");
        throw unavailable("daemon_stopping", "the daemon is about to end: ask again when the next one runs");
      }
      this.#requests.add(request);
      // Of a stream that is written past fastify as well, and of a client that hangs up.
      reply.raw.once("close", () => this.#over(request));
    });
  }

  get count(): number {
    return this.#requests.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on requests are sent away with 503. */
  drain(): void {
    this.#draining = true;
  }

  /**
   * Streams, which somebody has ended, get a moment; the others are waited for until the signal comes.
   *
   * @returns false where some of the others were not over by then
   */
  async idle(signal: AbortSignal): Promise<boolean> {
    const late = AbortSignal.timeout(streamsEnd);
    const isIdle = () => [...this.#requests].every((request) => late.aborted && this.#isStream(request));
    while (!isIdle() && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.push(resolve);
      for (const end of [signal, late]) end.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
    return isIdle();
  }

  #over(request: FastifyRequest): void {
    this.#requests.delete(request);
    for (const wake of this.#waiters) wake();
    this.#waiters = [];
  }
}
