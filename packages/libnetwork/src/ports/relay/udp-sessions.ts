/**
 * Which UDP clients are being served, of all relays together: those that are idle are let go, and when there are too many
 * the one that was idle longest. Each costs a file descriptor.
 */

export interface SessionLimits {
  /** Milliseconds without a datagram either way. */
  readonly idleTime: number;
  readonly most: number;
}

export class UdpSessions<Session extends Disposable> {
  readonly #limits: SessionLimits;
  /** With the time of last use, the oldest one first. */
  readonly #lastUse = new Map<Session, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /** Notes that a session, perhaps a new one, is in use. */
  touch(session: Session): void {
    this.#lastUse.delete(session);
    this.#lastUse.set(session, performance.now());
    if (this.#lastUse.size > this.#limits.most) this.#lastUse.keys().next().value?.[Symbol.dispose]();
    this.#timer ??= setInterval(() => this.#closeIdle(), this.#limits.idleTime / 4).unref();
  }

  forget(session: Session): void {
    this.#lastUse.delete(session);
    if (this.#lastUse.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #closeIdle(): void {
    const threshold = performance.now() - this.#limits.idleTime;
    for (const [session, lastUse] of this.#lastUse) {
      if (lastUse > threshold) return;
      session[Symbol.dispose]();
    }
  }
}
