/**
 * The resolver's loop: waits for descriptors and times, and has those told who asked for it.
 */
import { isKernelError, Poller } from "@causeway/kernel";
import { Timers } from "./timers.ts";
import { Watchfulness } from "./watchfulness.ts";

export interface Readable {
  /** @param events EPOLL* bits; some may be of an earlier owner of the same place, so nothing is to be relied on */
  ready(events: number): void;
}

/** A descriptor that is watched. Disposed of, it is not; closing it at once is the owner's affair. */
export interface Watched extends Disposable {
  change(interest: number): void;
}

/** The thread looks up so often at least, milliseconds: for a process that ends without a word. */
const longestWait = 1000;

/**
 * So long it rests where many came at once, milliseconds; the kernel makes some 0.07 of it. Who floods the loop takes it in small handfuls
 * otherwise, each of which costs as much as a large one, and two processors have no room for those who ask beside it.
 */
const restTime = 0.01;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

export class Loop implements Disposable {
  readonly timers = new Timers();
  readonly #poller = new Poller();
  /** By their tokens. */
  readonly #watched: (Readable | undefined)[] = [];
  readonly #free: number[] = [];
  #restsNext = false;

  /** @param interest EPOLLIN ... */
  watch(fd: number, interest: number, readable: Readable): Watched {
    const token = this.#free.at(-1) ?? this.#watched.length;
    this.#poller.add(fd, token, interest);
    this.#free.pop();
    this.#watched[token] = readable;
    let isWatched = true;
    return {
      change: (wanted) => {
        if (isWatched) this.#poller.change(fd, token, wanted);
      },
      [Symbol.dispose]: () => {
        if (!isWatched) return;
        isWatched = false;
        this.#watched[token] = undefined;
        this.#free.push(token);
        this.#forget(fd);
      },
    };
  }

  /** Once all that is ready has been visited, it leaves those who ask a moment to ask more. */
  rest(): void {
    this.#restsNext = true;
  }

  /** What the kernel refuses to forget it forgets when it is closed, and that must not be left undone. */
  #forget(fd: number): void {
    try {
      this.#poller.remove(fd);
    } catch (error) {
      if (!isKernelError(error)) throw error;
    }
  }

  /**
   * Until `hasEnded` says so.
   *
   * @param failed is told what a readable threw: the others go on
   */
  run(hasEnded: () => boolean, failed: (error: unknown) => void): void {
    const visit = (token: number, events: number) => {
      try {
        this.#watched[token]?.ready(events);
      } catch (error) {
        // What one socket brought is no reason for all the others to be without answers.
        failed(error);
      }
    };
    const watchfulness = new Watchfulness();
    while (!hasEnded()) {
      const wait = watchfulness.looks(this.timers.now()) ? 0 : this.timers.wait(longestWait);
      if (this.#poller.wait(wait, visit) > 0) watchfulness.came(this.timers.now());
      try {
        this.timers.run();
      } catch (error) {
        failed(error);
      }
      if (this.#restsNext) {
        this.#restsNext = false;
        Atomics.wait(sleeper, 0, 0, restTime);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
  }
}
