/**
 * What the controller orders: read before a question is answered, and whenever the thread is woken.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { settleEvent } from "@causeway/kernel";
import type { Readable } from "./loop.ts";
import { type Order, shared } from "./protocol.ts";

export class Inbox implements Readable {
  readonly #port: MessagePort;
  readonly #memory: Int32Array;
  readonly #wakeFd: number;
  readonly #obey: (order: Order) => void;
  readonly #failed: (error: unknown) => void;
  #read = 0;

  /** @param failed is told what obeying threw: the orders after it are carried out all the same */
  constructor(
    port: MessagePort,
    memory: Int32Array,
    wakeFd: number,
    obey: (order: Order) => void,
    failed: (error: unknown) => void,
  ) {
    this.#port = port;
    this.#memory = memory;
    this.#wakeFd = wakeFd;
    this.#obey = obey;
    this.#failed = failed;
  }

  /** Nobody says anything any more. */
  get isEnding(): boolean {
    return Atomics.load(this.#memory, shared.ending) === 1;
  }

  ready(): void {
    settleEvent(this.#wakeFd);
    this.catchUp();
  }

  /** Costs next to nothing where nothing has been said. */
  catchUp(): void {
    while (Atomics.load(this.#memory, shared.sent) !== this.#read) {
      const received = receiveMessageOnPort(this.#port) as { message: Order } | undefined;
      // Counted after it was sent: it is there.
      if (received === undefined) return;
      this.#read = (this.#read + 1) | 0;
      try {
        this.#obey(received.message);
      } catch (error) {
        this.#failed(error);
      }
      Atomics.store(this.#memory, shared.done, this.#read);
    }
  }
}
