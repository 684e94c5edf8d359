/**
 * Endpoints that have left, and whose leave the driver has not been told of yet. dockerd takes a container's end back to the host after Leave and
 * before DeleteEndpoint, and the driver deletes links: one that is gone by then stays in dockerd's books, and `docker stats` of the container fails
 * from then on. Besides, moving a link waits for RCU (13 ms here), and for half as long again where a moment before somebody changed links or rules.
 *
 * So the driver is told when the endpoint is deleted, or joins again, or after a while.
 */

/** Milliseconds after which nobody is waited for: dockerd was killed, or is stuck. */
const patience = 10_000;

interface Owed {
  readonly timer: NodeJS.Timeout;
  readonly pay: () => Promise<void>;
}

export class OwedLeaves {
  readonly #owed = new Map<string, Owed>();
  readonly #onProblem: (error: unknown) => void;

  /** @param onProblem told what goes wrong where nobody waits */
  constructor(onProblem: (error: unknown) => void) {
    this.#onProblem = onProblem;
  }

  /** @param pay takes the leave and tells the driver, where nobody has until then */
  expect(endpointId: string, pay: () => Promise<void>): void {
    const timer = setTimeout(() => void this.#pay(pay), patience).unref();
    this.#owed.set(endpointId, { timer, pay });
  }

  /** Whoever takes it tells the driver. @returns whether there is one */
  take(endpointId: string): boolean {
    clearTimeout(this.#owed.get(endpointId)?.timer);
    return this.#owed.delete(endpointId);
  }

  /** Nobody is waited for any longer. */
  async payAll(): Promise<void> {
    await Promise.all([...this.#owed.values()].map(({ pay }) => this.#pay(pay)));
  }

  async #pay(pay: () => Promise<void>): Promise<void> {
    try {
      await pay();
    } catch (error) {
      this.#onProblem(error);
    }
  }
}
