// Our driver and our IPAM served as a plugin, in a process of their own, which can be killed.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { eventually } from "./eventually.ts";

const launcher = join(import.meta.dirname, "../../packages/cli/bin/causeway");

export interface ServedPluginOptions {
  readonly name: string;
  readonly stateDir: string;
  /** Path of the namespace that it serves in. */
  readonly hostNamespace: string;
  /** Default: where dockerd looks. */
  readonly socket?: string;
  readonly flags?: readonly string[];
}

/** Ended, if it still runs, when the test is over. */
export class ServedPlugin {
  readonly name: string;
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;
  #log = "";

  private constructor({ name, stateDir, hostNamespace, socket, flags = [] }: ServedPluginOptions) {
    this.name = name;
    const where = ["--state-dir", stateDir, "--host-namespace", hostNamespace];
    const at = socket === undefined ? [] : ["--socket", socket];
    this.#words = ["plugin", "serve", "--name", name, ...where, ...at, ...flags];
  }

  static async start(t: Pick<TestContext, "after">, options: ServedPluginOptions): Promise<ServedPlugin> {
    const plugin = new ServedPlugin(options);
    t.after(() => plugin.end("SIGTERM"));
    await plugin.start();
    return plugin;
  }

  async start(): Promise<void> {
    this.#log = "";
    const child = spawn(launcher, this.#words, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => {
        this.#log += text.toString();
      });
    this.#child = child;
    await eventually(() => {
      if (child.exitCode !== null || !this.#log.includes('"ready"'))
        throw new Error(`not ready: ${this.#log}`);
    });
  }

  /** What it has said since it was started. */
  get log(): string {
    return this.#log;
  }

  /** @returns its exit status, and the signal that ended it; undefined where it has ended before */
  async end(signal: NodeJS.Signals): Promise<unknown[] | undefined> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
    const ended = once(child, "close");
    child.kill(signal);
    return ended;
  }

  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    await this.start();
  }
}
