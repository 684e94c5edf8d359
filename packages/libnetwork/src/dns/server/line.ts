/**
 * A thread of the resolver, and the line to it: orders are carried out in the order in which they were sent, and what it says comes back.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { isKernelError, type NetNamespace, type OwnedFd, raiseEvent } from "@causeway/kernel";
import { messageOf, unavailable } from "../../errors.ts";
import {
  type Failed,
  type Order,
  type Question,
  type ResolverSettings,
  type Said,
  shared,
  type Traced,
  type WorkerSetup,
} from "./protocol.ts";

/** Orders that wait at most before the thread is woken: to read them takes 10 us each, from the answer to the question that comes next. */
const mostUnheard = 16;
/**
 * Megabytes that the thread's objects are made in. Node's own 48 are 30 MB of garbage, and never in the processor's cache: an answer takes
 * longer then.
 */
const youngGeneration = 4;

export interface LineListener {
  /** A sandbox could not be opened. */
  failed(failed: Failed): void;
  /** A namespace was made ready. */
  ready(identity: string): void;
  /** A namespace could not be made ready. */
  unready(identity: string): void;
  traced(traced: Traced): void;
  /** Something went wrong, and all else goes on. */
  wentWrong(message: string): void;
  /** Somebody waits for what the thread says, besides its replies: until then the process goes on. */
  isAwaited(): boolean;
  /** The thread is no more, and not because it was told to end. */
  brokeDown(error: unknown): void;
}

type Reply = PromiseWithResolvers<string | undefined>;

/** Those whose threads wait in the kernel, where nothing else reaches them when the process ends. */
const running = new Set<ThreadLine>();
process.on("exit", () => {
  for (const line of running) line.leave();
});

export class ThreadLine {
  readonly began = performance.now();
  readonly #wake: OwnedFd;
  readonly #listener: LineListener;
  readonly #worker: Worker;
  readonly #exited = Promise.withResolvers<void>();
  readonly #port: MessagePort;
  readonly #memory: Int32Array;
  /** Those that are still to come, the next first. Until then the process goes on. */
  #replies: Reply[] = [];
  /** Those who wait for something else. */
  #held = 0;
  /** Orders since it was woken. */
  #unheard = 0;
  #raiseLater: NodeJS.Immediate | undefined;

  /**
   * Starts the thread.
   *
   * @throws Error of Node.js, where the machine has no thread left
   */
  constructor(
    host: NetNamespace,
    wake: OwnedFd,
    counts: SharedArrayBuffer,
    settings: ResolverSettings,
    listener: LineListener,
  ) {
    this.#wake = wake;
    this.#listener = listener;
    const memory = new SharedArrayBuffer(shared.length * Int32Array.BYTES_PER_ELEMENT);
    this.#memory = new Int32Array(memory);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: WorkerSetup = {
      port: port2,
      memory,
      counts,
      wakeFd: wake.fd,
      hostNamespaceFd: host.fd,
      settings,
    };
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      name: "causeway names",
      workerData,
      transferList: [port2],
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: youngGeneration },
    });
    port1.on("message", (said: Said) => this.#hear(said));
    this.#worker.on("error", (error) => listener.brokeDown(error));
    this.#worker.once("exit", () => {
      clearImmediate(this.#raiseLater);
      running.delete(this);
      this.#refuseReplies();
      this.#exited.resolve();
    });
    running.add(this);
    this.#letGo();
  }

  /**
   * An order that is not urgent wakes the thread only when the event loop has its turn, or many wait: the thread reads it before it answers
   * a question in any case, and to be woken it takes the processor from who is at work.
   *
   * @returns its number, for {@link hasReached}
   */
  send(order: Order, { urgent = false } = {}): number {
    this.#port.postMessage(order);
    const number = (Atomics.add(this.#memory, shared.sent, 1) + 1) | 0;
    if (urgent || ++this.#unheard >= mostUnheard) this.#raise();
    else this.#raiseLater ??= setImmediate(() => this.#raise());
    return number;
  }

  #raise(): void {
    this.#unheard = 0;
    clearImmediate(this.#raiseLater);
    this.#raiseLater = undefined;
    const failure = this.#wakeThread();
    if (failure !== undefined)
      this.#listener.wentWrong(`it hears of changes up to a second later: ${messageOf(failure)}`);
  }

  /** @returns why it cannot be woken: it looks up once a second by itself, and before each answer. Whoever lets it know of something goes on. */
  #wakeThread(): unknown {
    try {
      raiseEvent(this.#wake.fd);
      return undefined;
    } catch (error) {
      if (!isKernelError(error)) throw error;
      return error;
    }
  }

  /** Whether an order has been carried out; what failed of it has been told by then. */
  hasReached(number: number): boolean {
    if (((Atomics.load(this.#memory, shared.done) - number) | 0) < 0) return false;
    this.catchUp();
    return true;
  }

  /** @throws resolver_failed where the thread breaks down or is told to end meanwhile */
  ask(question: Question): Promise<string | undefined> {
    const reply: Reply = Promise.withResolvers();
    this.#replies.push(reply);
    this.hold();
    this.send(question, { urgent: true });
    return reply.promise;
  }

  /** The process goes on until nobody waits any more. */
  hold(): void {
    this.#port.ref();
    this.#worker.ref();
  }

  /** The process goes on until the thread has said what somebody waits for. */
  async holding<T>(awaited: Promise<T>): Promise<T> {
    this.#held++;
    this.hold();
    try {
      return await awaited;
    } finally {
      this.#held--;
      this.#letGo();
    }
  }

  async end(): Promise<void> {
    this.#worker.ref();
    this.send({ kind: "end" }, { urgent: true });
    await this.#exited.promise;
  }

  /** The process ends: nobody reads messages any more. */
  leave(): void {
    Atomics.store(this.#memory, shared.ending, 1);
    this.#wakeThread();
  }

  #letGo(): void {
    if (this.#replies.length > 0 || this.#held > 0 || this.#listener.isAwaited()) return;
    this.#port.unref();
    this.#worker.unref();
  }

  /** Reads what was said and has not come by the event loop yet. */
  catchUp(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: Said } | undefined;
      if (received === undefined) return;
      this.#hear(received.message);
    }
  }

  #hear(said: Said): void {
    switch (said.kind) {
      case "failed":
        this.#listener.failed(said);
        break;
      case "ready":
        this.#listener.ready(said.identity);
        break;
      case "unready":
        this.#listener.unready(said.identity);
        break;
      case "reply":
        this.#replies.shift()?.resolve(said.value);
        this.#letGo();
        break;
      case "wrong":
        this.#listener.wentWrong(said.message);
        break;
      case "traced":
        this.#listener.traced(said);
        this.#letGo();
    }
  }

  #refuseReplies(): void {
    const replies = this.#replies;
    this.#replies = [];
    this.#letGo();
    for (const reply of replies)
      reply.reject(unavailable("resolver_failed", "the resolver's thread has ended"));
  }
}
