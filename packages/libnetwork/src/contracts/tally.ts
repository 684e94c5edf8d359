/**
 * How often something was done, how often in vain, and how long it took in all: for statistics.
 */
export interface Tallied {
  readonly count: number;
  /** Those of them that threw. */
  readonly failed: number;
  /** In all. */
  readonly seconds: number;
}

export class Tally implements Tallied {
  count = 0;
  failed = 0;
  seconds = 0;

  /** Does something that answers at once, and counts it. */
  of<T>(action: () => T): T {
    const begun = performance.now();
    this.count += 1;
    try {
      return action();
    } catch (error) {
      this.failed += 1;
      throw error;
    } finally {
      this.seconds += (performance.now() - begun) / 1000;
    }
  }

  /** As it is now; it does not change afterwards. */
  snapshot(): Tallied {
    const { count, failed, seconds } = this;
    return { count, failed, seconds };
  }
}
