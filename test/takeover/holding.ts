// Controllers in processes of their own, that open a host's state, close, and are killed.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ControllerOptions } from "@causeway/libnetwork";

export class Holder implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #said = new Set<string>();
  #heard: () => void = () => undefined;

  /**
   * Starts a process that opens the controller.
   *
   * @param program what it does then. Default: nothing
   */
  constructor(options: ControllerOptions, program = "holder.ts") {
    const arguments_ = [join(import.meta.dirname, program), JSON.stringify(options)];
    const child = spawn(process.execPath, arguments_, { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#said.add(line);
      this.#heard();
    });
    child.once("close", () => this.#heard());
  }

  static async open(options: ControllerOptions): Promise<Holder> {
    const holder = new Holder(options);
    await holder.says("open");
    return holder;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** @throws Error where it ends before */
  async says(word: string): Promise<void> {
    while (!this.#said.has(word)) {
      if (this.#ended)
        throw new Error(`the process ended (${this.#process.exitCode}) before it said "${word}"`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#heard = resolve;
      await promise;
    }
  }

  /** By SIGKILL: nothing of it runs any more when the promise is kept. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Has it close the controller and end. */
  close(): Promise<void> {
    return this.#end("SIGTERM");
  }

  get #ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#process, "close");
    this.#process.kill(signal);
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
