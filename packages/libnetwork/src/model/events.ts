/**
 * What happened, as it happens: `for await (const event of controller.events())`.
 */
import { currentOperation } from "./operation.ts";

export type EventType =
  | "network:create"
  | "network:delete"
  | "network:records"
  | "service:create"
  | "service:delete"
  | "endpoint:create"
  | "endpoint:delete"
  | "endpoint:join"
  | "endpoint:leave"
  | "endpoint:names"
  | "endpoint:health"
  | "endpoint:publish"
  | "endpoint:unpublish"
  | "endpoint:port-taken"
  | "endpoint:yield"
  | "sandbox:create"
  | "sandbox:delete"
  | "sandbox:lost"
  | "sandbox:gateway"
  | "sandbox:gateway-trouble"
  | "health:noticed"
  | "health:mended"
  | "health:gave-up"
  | "health:unheard";

export interface CausewayEvent {
  readonly type: EventType;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Id of the object that it is about. */
  readonly id: string;
  readonly name: string;
  /** More, by type: ids of the objects on the other side, names, ports. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The operation that it belongs to, where the caller named one by `withOperation`. */
  readonly operation?: string;
}

/** A reader that is this far behind loses the oldest events. */
const longestBacklog = 10_000;

export class EventHub {
  readonly #readers = new Set<(event: CausewayEvent | undefined) => void>();
  /** What was found and mended while the controller opened: nobody could listen, so it waits for the first who does. */
  #early: CausewayEvent[] = [];
  #opening = true;

  /** The controller is open: from now on, what nobody listens to is not kept. */
  opened(): void {
    this.#opening = false;
  }

  emit(
    type: EventType,
    subject: { readonly id: string; readonly name: string },
    attributes: Readonly<Record<string, string>> = {},
  ): void {
    if (this.#readers.size === 0 && !this.#opening) return;
    const operation = currentOperation();
    const { id, name } = subject;
    const event: CausewayEvent = {
      type,
      time: Date.now(),
      id,
      name,
      attributes,
      ...(operation !== undefined && { operation }),
    };
    if (this.#opening) this.#early.push(event);
    for (const reader of this.#readers) reader(event);
  }

  /**
   * Events from the moment of this call, until the signal aborts, the reader stops or the hub closes. The first who asks gets
   * those of the opening as well.
   */
  subscribe(signal?: AbortSignal): AsyncIterableIterator<CausewayEvent> & AsyncDisposable {
    const waiting = this.#early;
    this.#early = [];
    let ended = false;
    let wake: () => void = () => undefined;
    const reader = (event: CausewayEvent | undefined) => {
      if (event === undefined) ended = true;
      else if (waiting.push(event) > longestBacklog) waiting.shift();
      wake();
    };
    const end = () => {
      this.#readers.delete(reader);
      reader(undefined);
    };
    this.#readers.add(reader);
    signal?.addEventListener("abort", end, { once: true });
    const stop = async (): Promise<IteratorResult<CausewayEvent>> => {
      end();
      signal?.removeEventListener("abort", end);
      return { done: true, value: undefined };
    };
    if (signal?.aborted === true) end();
    return {
      async next() {
        while (waiting.length === 0 && !ended) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const event = waiting.shift();
        return event === undefined ? stop() : { done: false, value: event };
      },
      return: stop,
      [Symbol.asyncIterator]() {
        return this;
      },
      async [Symbol.asyncDispose]() {
        await stop();
      },
    };
  }

  /** Ends every subscription, after what is waiting was read. */
  close(): void {
    for (const reader of this.#readers) reader(undefined);
    this.#readers.clear();
  }
}
