/**
 * Which server is asked next. Health is about waiting: a server that says SERVFAIL or REFUSED, or something broken, costs one
 * round trip and may be right about another name, so it keeps its place; only one that is silent or not to be reached loses it.
 */
import type { Server } from "./contract.ts";

/** One server over one protocol. */
export class ServerHealth {
  readonly server: Server;
  /** Asked last until then; 0: in good health. */
  #badUntil = 0;
  #lastAnswer = Number.NEGATIVE_INFINITY;
  /** It has answered with our name in another case: it is asked in lower case until then. */
  #plainCaseUntil = 0;

  constructor(server: Server) {
    this.server = server;
  }

  isGood(now: number): boolean {
    return this.#badUntil <= now;
  }

  /** About to be asked. Of the queries that come when a bad server's time is over, one is sent to it; the others go on passing it by. */
  taken(now: number, holdOff: number): void {
    if (this.#badUntil !== 0 && this.#badUntil <= now) this.#badUntil = now + holdOff;
  }

  answered(now: number): void {
    this.#badUntil = 0;
    this.#lastAnswer = now;
  }

  /** One that has answered somebody else meanwhile is well: it is the name that is slow. */
  silent(since: number, now: number, holdOff: number): void {
    if (this.#lastAnswer < since) this.#badUntil = now + holdOff;
  }

  unreachable(now: number, holdOff: number): void {
    this.#badUntil = now + holdOff;
  }

  keepsCase(now: number): boolean {
    return this.#plainCaseUntil <= now;
  }

  losesCase(now: number): void {
    this.#plainCaseUntil = now + 3_600_000;
  }
}

/**
 * The place of the server to be asked next, or -1: the first good one that was not asked yet, then the first bad one.
 *
 * @param asked a bit for each that was
 * @param first the place to begin at
 */
export function nextServer(servers: readonly ServerHealth[], asked: number, now: number, first = 0): number {
  let last = -1;
  for (let step = 0; step < servers.length; step++) {
    const place = (first + step) % servers.length;
    if ((asked & (1 << place)) !== 0) continue;
    if (servers[place]?.isGood(now) === true) return place;
    if (last < 0) last = place;
  }
  return last;
}
