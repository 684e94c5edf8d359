/**
 * How long an answer may be kept: by the lowest of its TTLs, one that says "there is none" by the SOA record (RFC 2308 5).
 */

import { byteAt, wordAt } from "../wire/bytes.ts";
import { headerBits, rcodes, recordTypes } from "../wire/constants.ts";
import { readRecords, ttlAt } from "../wire/message.ts";

/** RFC 8767 4 gives a week as the outermost, a day is enough here. */
const longest = 86_400;
/** RFC 2308 5: one to three hours. */
const longestNegative = 10_800;
/** RFC 9520 3.2: one second to five minutes. */
const failure = 5;

/** Made once and read into again and again. */
export class Lifetime {
  /** Pairs: where a TTL stands, and what it is in seconds. Only the first `ttls * 2` count. */
  readonly pairs: number[] = [];
  ttls = 0;
  /** How long the answer may be kept, in seconds; 0: not at all. */
  seconds = 0;

  #message: Uint8Array = new Uint8Array(0);
  #asked = 0;
  #lowest = longest;
  #negative = -1;
  #answered = false;
  #extended = false;

  /**
   * @param type what was asked for
   * @returns whether the message is whole
   */
  read(message: Uint8Array, type: number): boolean {
    this.#message = message;
    this.#asked = type;
    this.#lowest = longest;
    this.#negative = -1;
    this.#answered = false;
    this.#extended = false;
    this.ttls = 0;
    this.seconds = 0;
    const whole = readRecords(message, this.#found);
    if (whole) this.seconds = this.#judge();
    return whole;
  }

  #judge(): number {
    const message = this.#message;
    const bits = wordAt(message, 2);
    const code = bits & headerBits.RCODE;
    if ((bits & headerBits.TC) !== 0 || this.#extended) return 0;
    if (code === rcodes.SERVFAIL) return failure;
    if (code === rcodes.NOERROR && this.#answered) return this.#lowest;
    // An alias that leads nowhere says "there is none" as well.
    if ((code !== rcodes.NOERROR && code !== rcodes.NXDOMAIN) || this.#negative < 0) return 0;
    return Math.min(this.#lowest, this.#negative, longestNegative);
  }

  readonly #found = (section: 1 | 2 | 3, type: number, at: number, dataEnd: number): void => {
    const message = this.#message;
    if (type === recordTypes.OPT) {
      // The upper bits of the code (RFC 6891 6.1.3): an error such as BADVERS looks like NOERROR without them.
      this.#extended ||= byteAt(message, at) !== 0;
      return;
    }
    const ttl = Math.min(ttlAt(message, at), longest);
    this.pairs[this.ttls * 2] = at;
    this.pairs[this.ttls * 2 + 1] = ttl;
    this.ttls++;
    this.#lowest = Math.min(this.#lowest, ttl);
    if (section === 1 && (type === this.#asked || this.#asked === recordTypes.ANY)) this.#answered = true;
    if (section === 2 && type === recordTypes.SOA)
      this.#negative = Math.min(ttl, ttlAt(message, dataEnd - 4));
  };
}
