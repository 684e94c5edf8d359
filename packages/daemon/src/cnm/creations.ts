/**
 * Idempotency keys: a creation that is asked for again with the same key is not made again; its first answer is.
 */
import { createHash } from "node:crypto";
import { invalid } from "@causeway/libnetwork";
import type { FastifyRequest } from "fastify";
import { isOfAbsence } from "../server/presence.ts";
import { Refusal } from "../server/refusal.ts";

/** How many answers are remembered, and for how long in milliseconds. */
const mostRemembered = 1000;
const longestMemory = 24 * 60 * 60 * 1000;

interface Creation {
  /** Digest of what was asked. */
  readonly asked: string;
  readonly answer: Promise<unknown>;
  readonly forgotten: number;
}

export class Creations {
  /** By caller and key, the oldest first. */
  readonly #known = new Map<string, Creation>();

  /**
   * Makes it, or answers as before where the request's `Idempotency-Key` is known, also while the first is still being made. What
   * failed is not remembered: it has left nothing, and may be tried again.
   *
   * @throws idempotency_key_reused where it was another request that had this key; invalid_idempotency_key
   */
  async once<T>(request: FastifyRequest, make: () => Promise<T>): Promise<T> {
    const key = keyOf(request);
    if (key === undefined) return make();
    const asked = digestOf(request);
    for (;;) {
      const known = this.#known.get(key);
      if (known === undefined || known.forgotten < Date.now()) return this.#first(key, asked, make);
      if (known.asked !== asked) throw reused(request);
      try {
        return (await known.answer) as T;
      } catch (error) {
        // The first's client had gone before it began; this one is here.
        if (!isOfAbsence(error)) throw error;
      }
    }
  }

  async #first<T>(key: string, asked: string, make: () => Promise<T>): Promise<T> {
    const creation = { asked, answer: make(), forgotten: Date.now() + longestMemory };
    this.#known.delete(key);
    this.#known.set(key, creation);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
    try {
      return await creation.answer;
    } catch (error) {
      if (this.#known.get(key) === creation) this.#known.delete(key);
      throw error;
    }
  }
}

function keyOf(request: FastifyRequest): string | undefined {
  const given = request.headers["idempotency-key"];
  if (given === undefined) return undefined;
  // Two callers may have had the same idea.
  if (typeof given === "string" && /^[\x21-\x7e]{1,255}$/.test(given))
    return `${request.caller.uid ?? request.caller.text} ${given}`;
  const message = `Idempotency-Key: ${JSON.stringify(given)} is not 1 to 255 printable characters without spaces`;
  throw invalid("invalid_idempotency_key", message, given);
}

function digestOf({ method, url, body }: FastifyRequest): string {
  return createHash("sha256")
    .update(`${method} ${url}\n${JSON.stringify(body)}`)
    .digest("base64");
}

function reused({ headers }: FastifyRequest): Refusal {
  const key = headers["idempotency-key"];
  const message = `Idempotency-Key: "${key}" was another request's: take a new key for each creation`;
  return new Refusal(422, "conflict", "idempotency_key_reused", message, { detail: key });
}
