/**
 * Pieces: work on many things, in pieces so short that what else the thread has to do goes on in between. What there is time for is done
 * at once: of few things all.
 */

/** Of each turn of the event loop, milliseconds: what is begun by then is done to its end. */
const pieceMs = 5;
/** Things that are handed to the worker at a time: of tunnels, as many as make one send to the kernel. */
const most = 16;

export interface PiecesSettings<T> {
  /** Does it, to all of these, and throws the first error when all was tried. */
  readonly work: (items: readonly T[]) => void;
  /** Hears of errors that come when nobody waits any more. */
  readonly failed: (error: unknown) => void;
}

export class Pieces<T> implements Disposable {
  readonly #settings: PiecesSettings<T>;
  /** One that is told again before its turn is done once. */
  readonly #waiting = new Set<T>();
  /** Of this turn. */
  #spentMs = 0;
  /** What one took lately: one at a time until that is known. */
  #eachMs = pieceMs;
  #nextTurn: NodeJS.Immediate | undefined;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(settings: PiecesSettings<T>) {
    this.#settings = settings;
  }

  /** Begins; throws the first error of what was done at once. */
  add(items: Iterable<T>): void {
    for (const item of items) this.#waiting.add(item);
    this.#piece();
  }

  /** When nothing is left to do. */
  async done(): Promise<void> {
    if (this.#waiting.size === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  #piece(): void {
    const failures: unknown[] = [];
    while (this.#waiting.size > 0 && this.#spentMs < pieceMs) {
      const items = this.#take();
      const begun = performance.now();
      try {
        this.#settings.work(items);
      } catch (error) {
        failures.push(error);
      }
      const tookMs = performance.now() - begun;
      this.#eachMs = tookMs / items.length;
      this.#spentMs += tookMs;
    }
    if (this.#spentMs > 0) this.#nextTurn ??= setImmediate(() => this.#turn());
    if (failures.length > 0) throw failures[0];
  }

  #take(): readonly T[] {
    const fitting = Math.floor((pieceMs - this.#spentMs) / this.#eachMs);
    const items = [...this.#waiting.values().take(Math.min(Math.max(fitting, 1), most))];
    for (const item of items) this.#waiting.delete(item);
    return items;
  }

  #turn(): void {
    this.#nextTurn = undefined;
    this.#spentMs = 0;
    try {
      this.#piece();
    } catch (error) {
      this.#settings.failed(error);
    }
    if (this.#waiting.size === 0) this.#rest();
  }

  #rest(): void {
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** What waits is not done any more. */
  [Symbol.dispose](): void {
    this.#waiting.clear();
    clearImmediate(this.#nextTurn);
    this.#nextTurn = undefined;
    this.#rest();
  }
}
