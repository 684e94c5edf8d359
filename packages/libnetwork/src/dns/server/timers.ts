/**
 * A clock with timers for a thread that waits itself: it asks how long it may wait, and has those run whose time has come.
 */

interface Timer {
  readonly time: number;
  readonly action: () => void;
  cancelled: boolean;
}

export class Timers {
  readonly #now: () => number;
  /** A binary heap by time. */
  readonly #heap: Timer[] = [];
  #cancelled = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  now(): number {
    return this.#now();
  }

  /** Runs the action once, no earlier than the time; disposed of before, never. */
  at(time: number, action: () => void): Disposable {
    const timer: Timer = { time, action, cancelled: false };
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    return {
      [Symbol.dispose]: () => {
        if (timer.cancelled) return;
        timer.cancelled = true;
        this.#cancelled++;
        // What was answered in time is most of it: it is not kept until its time has come.
        if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#sweep();
      },
    };
  }

  /** Milliseconds until the next, rounded up; at most `longest`. */
  wait(longest: number): number {
    this.#dropCancelled();
    const [next] = this.#heap;
    if (next === undefined) return longest;
    return Math.min(longest, Math.max(0, Math.ceil(next.time - this.#now())));
  }

  /** Runs those whose time has come. */
  run(): void {
    const now = this.#now();
    for (;;) {
      this.#dropCancelled();
      const [next] = this.#heap;
      if (next === undefined || next.time > now) return;
      this.#takeFirst();
      // Whoever disposes of it now changes nothing.
      next.cancelled = true;
      next.action();
    }
  }

  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.cancelled === true) {
      this.#takeFirst();
      this.#cancelled--;
    }
  }

  #sweep(): void {
    const living = this.#heap.filter(({ cancelled }) => !cancelled).sort((a, b) => a.time - b.time);
    this.#heap.splice(0, this.#heap.length, ...living);
    this.#cancelled = 0;
  }

  #takeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    for (let at = from; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      const earlier = this.#timeOf(right) < this.#timeOf(left) ? right : left;
      if (!this.#swapIfEarlier(earlier, at)) return;
      at = earlier;
    }
  }

  /** Swaps two where the one further down is earlier. */
  #swapIfEarlier(below: number, above: number): boolean {
    const [one, other] = [this.#heap[below], this.#heap[above]];
    if (one === undefined || other === undefined || one.time >= other.time) return false;
    this.#heap[below] = other;
    this.#heap[above] = one;
    return true;
  }

  #timeOf(at: number): number {
    return this.#heap[at]?.time ?? Number.POSITIVE_INFINITY;
  }
}
