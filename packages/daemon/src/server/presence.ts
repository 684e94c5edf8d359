/**
 * Whether somebody still waits for the answer: what has not begun need not be done for who has gone.
 */
import type { FastifyRequest } from "fastify";
import { Refusal } from "./refusal.ts";

const code = "client_gone";

/** No longer: it has hung up, or closed its side. */
export function hasGone(request: FastifyRequest): boolean {
  return request.raw.socket.destroyed || request.raw.errored !== null;
}

/**
 * To be asked when a change is about to begin. From then on it is done, or undone, as a whole.
 *
 * @throws client_gone
 */
export function requirePresence(request: FastifyRequest): void {
  if (hasGone(request)) throw new Refusal(499, "unavailable", code, "the client has gone: nothing was done");
}

export function isOfAbsence(error: unknown): boolean {
  return error instanceof Refusal && error.code === code;
}
