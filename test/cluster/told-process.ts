// A child process in a namespace that is told what to do, and answers.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { NetNamespace } from "@causeway/kernel";
import type { Answer } from "./orders.ts";

/** It was refused: with the code that the process's own error had. */
class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export class ToldProcess<Order> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ready = Promise.withResolvers<unknown>();
  #orders = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#waiting.set(0, this.#ready);
    child.on("message", (answer) => this.#take(answer as Answer));
    child.once("exit", (code, signal) => {
      const ended = new Error(`the process has ended: ${code ?? signal}`);
      for (const { reject } of this.#waiting.values()) reject(ended);
      this.#waiting.clear();
    });
    this.#ready.promise.catch(() => undefined);
  }

  /** Returns when it is ready. @param hidden a directory that is empty to it, as on another machine */
  static async start<Order>(
    namespace: NetNamespace,
    file: string,
    settings: unknown,
    hidden?: string,
  ): Promise<ToldProcess<Order>> {
    const command = [process.execPath, file, JSON.stringify(settings)];
    const script = 'mount -t tmpfs none "$0" && exec "$@"';
    const [program = "", ...args] =
      hidden === undefined ? command : ["unshare", "--mount", "sh", "-c", script, hidden, ...command];
    const child = namespace.spawn(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const started = new ToldProcess<Order>(child);
    await started.#ready.promise;
    return started;
  }

  /** @throws Refusal, and where the process ends before it has answered */
  tell(what: Order): Promise<unknown> {
    const order = ++this.#orders;
    const waiter = Promise.withResolvers<unknown>();
    this.#waiting.set(order, waiter);
    this.#child.send({ order, what });
    return waiter.promise;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** As a crash does; one that is stopped, too. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  #take({ order, value, failure }: Answer): void {
    const waiter = this.#waiting.get(order);
    this.#waiting.delete(order);
    if (failure === undefined) waiter?.resolve(value);
    else waiter?.reject(new Refusal(failure.code, failure.message));
  }
}
