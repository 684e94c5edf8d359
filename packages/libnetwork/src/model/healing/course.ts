/**
 * Course: what becomes of one subject that somebody damages, again and again maybe. It decides when to look and when to give up,
 * and does neither itself. Pure but for its timer.
 *
 *     idle --hint--> due --(time)--> acting --nothing wrong, or mended--> calm --(time)--> idle
 *                     ^                |  \--not mended: due again
 *                     +----- hint -----+---- mended too often --> given up --left alone--> due
 */
import type { HealthSubject } from "../../contracts/health.ts";

/** Milliseconds before each mend in a row: the first at once. As many as these are made before it is given up. */
const waits = [0, 250, 500, 1000, 2000, 4000] as const;
/** Damage that comes within so many milliseconds of the last mend is the same hand's. */
const calmTime = 10_000;
/** What was given up and then left alone for so long is tried once more, milliseconds. */
const quietTime = 60_000;
/** A look that found nothing is not repeated before so many times as long as it took has passed, milliseconds at most. */
const share = 9;
const longestPause = 60_000;

type Phase = "idle" | "due" | "acting" | "calm" | "given-up";

/** What a look and a mend came to. */
export type Outcome = "nothing" | "mended" | "failed" | "given-up";

export class Course {
  readonly subject: HealthSubject;
  /** Mends in a row. */
  mends = 0;
  readonly #act: (course: Course) => void;
  readonly #forget: (course: Course) => void;
  #phase: Phase = "idle";
  #timer: NodeJS.Timeout | undefined;
  /** Hints came while it was being looked at. */
  #again = false;
  #stopped = false;
  #lastHint = 0;
  #started = 0;
  #notBefore = 0;
  #calmUntil = 0;

  /**
   * @param act called when its time has come; {@link Course.acted} answers it
   * @param forget called when there is nothing to remember
   */
  constructor(subject: HealthSubject, act: (course: Course) => void, forget: (course: Course) => void) {
    this.subject = subject;
    this.#act = act;
    this.#forget = forget;
  }

  /** Mended as often as it may be. */
  get exhausted(): boolean {
    return this.mends >= waits.length;
  }

  hint(): void {
    this.#lastHint = performance.now();
    if (this.#phase === "acting") this.#again = true;
    else if (this.#phase === "idle" || this.#phase === "calm") this.#becomeDue();
  }

  /** What it is told by who was called to act. */
  acted(outcome: Outcome): void {
    if (this.#stopped) return;
    const now = performance.now();
    if (outcome === "given-up") {
      this.#become("given-up", quietTime, () => this.#afterQuiet());
      return;
    }
    if (outcome === "nothing") this.#notBefore = now + Math.min(share * (now - this.#started), longestPause);
    else this.#calmUntil = now + calmTime;
    if (outcome === "failed" || this.#again) this.#becomeDue();
    else this.#rest(now);
  }

  /** For good. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#stopped = true;
  }

  #becomeDue(): void {
    const now = performance.now();
    const wait = this.exhausted ? 0 : (waits[this.mends] ?? 0);
    this.#become("due", Math.max(wait, this.#notBefore - now), () => {
      this.#phase = "acting";
      this.#again = false;
      this.#started = performance.now();
      this.#act(this);
    });
  }

  /** Remembers for a while what it was. */
  #rest(now: number): void {
    const until = Math.max(this.#calmUntil, this.#notBefore);
    this.#become("calm", until - now, () => {
      this.#phase = "idle";
      this.#forget(this);
    });
  }

  #afterQuiet(): void {
    const left = this.#lastHint + quietTime - performance.now();
    if (left > 0) {
      this.#become("given-up", left, () => this.#afterQuiet());
      return;
    }
    this.mends = 0;
    this.#becomeDue();
  }

  #become(phase: Phase, wait: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#phase = phase;
    if (wait <= 0) then();
    else this.#timer = setTimeout(then, wait).unref();
  }
}
