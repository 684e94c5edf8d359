/**
 * Requests that have begun and are not over: counted, and waited for when the daemon ends.
 */
import { unavailable } from "@causeway/libnetwork";
import type { FastifyInstance } from "fastify";

/** Seconds after which a client that was sent away may ask the next daemon. */
const comeAgain = 2;

export class InFlight {
  #count = 0;
  #draining = false;
  #waiters: (() => void)[] = [];

  /** Counts the requests of a server; to be called before its routes are made. */
  watch(server: FastifyInstance): void {
    server.addHook("onRequest", async (_request, reply) => {
      if (this.#draining) {
        reply.header("retry-after", comeAgain).header("connection", "close");
        throw unavailable("daemon_stopping", "the daemon is about to end: ask again when the next one runs");
      }
      this.#count += 1;
      // Of a stream that is written past fastify as well, and of a client that hangs up.
      reply.raw.once("close", () => this.#over());
    });
  }

  get count(): number {
    return this.#count;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on requests are sent away with 503. */
  drain(): void {
    this.#draining = true;
  }

  /** @returns false where some were not over when the signal came */
  async idle(signal: AbortSignal): Promise<boolean> {
    while (this.#count > 0 && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
    return this.#count === 0;
  }

  #over(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const wake of this.#waiters) wake();
    this.#waiters = [];
  }
}
