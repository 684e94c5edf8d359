// A plugin of examples/plugins as a process of its own, the way a user starts it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { NetNamespace } from "@causeway/kernel";

export class ExamplePlugin {
  readonly #main: string;
  readonly #words: readonly string[];
  readonly #namespace: NetNamespace | undefined;
  #process: ChildProcess | undefined;

  /**
   * @param name of its folder
   * @param words that its main.ts takes
   * @param namespace the host that it runs on; this process's own by default
   */
  constructor(name: string, words: readonly string[], namespace?: NetNamespace) {
    this.#main = join(import.meta.dirname, "../../examples/plugins", name, "main.ts");
    this.#words = words;
    this.#namespace = namespace;
  }

  /** Waits until it says where it listens. */
  async start(): Promise<void> {
    const args = [this.#main, ...this.#words];
    const run = () => spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const child = this.#namespace === undefined ? run() : this.#namespace.run(run);
    this.#process = child;
    const failed = once(child, "exit").then(([status]) => {
      throw new Error(`${this.#main} ended with ${status} before it listened`);
    });
    await Promise.race([once(child.stdout, "data"), failed]);
    failed.catch(() => {});
  }

  /** @returns its exit status, and the signal that ended it; undefined where it has ended before */
  async end(signal: NodeJS.Signals): Promise<unknown[] | undefined> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
    const ended = once(child, "exit");
    child.kill(signal);
    return ended;
  }

  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    await this.start();
  }
}
