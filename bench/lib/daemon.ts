// Our daemon as a machine has it: a process of its own with every default on, on a host of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { defaultConfig } from "@causeway/daemon";
import { NetNamespace, unbindNamespace } from "@causeway/kernel";

const HOLDER = join(import.meta.dirname, "daemon-holder.ts");

/** The store on a disk, what runs in memory. */
const DISK = "/var/tmp";
const MEMORY = "/dev/shm";

/** It has a container c1. Dispose of it: nothing is left. */
export class BenchDaemon implements AsyncDisposable {
  readonly socket: string;
  readonly #stateDir = mkdtempSync(join(DISK, "causeway-"));
  readonly #runDir = mkdtempSync(join(MEMORY, "causeway-"));
  readonly #namespace = NetNamespace.create();
  readonly #process: ChildProcess;

  private constructor() {
    this.socket = join(this.#runDir, "causeway.sock");
    const hostNamespace = join(this.#stateDir, "host");
    this.#namespace.bindAt(hostNamespace);
    const controller = {
      stateDir: join(this.#stateDir, "state"),
      runDir: join(this.#runDir, "run"),
      hostNamespace,
    };
    const config = { ...defaultConfig, controller, socket: this.socket, logLevel: "warn" };
    const stdio = ["ignore", "pipe", "inherit"] as const;
    this.#process = spawn(process.execPath, [HOLDER, JSON.stringify(config)], { stdio: [...stdio] });
  }

  static async start(): Promise<BenchDaemon> {
    const daemon = new BenchDaemon();
    const { stdout } = daemon.#process;
    if (stdout === null) throw new Error("the daemon has no output");
    const ended = once(daemon.#process, "exit").then(() => Promise.reject(new Error("the daemon ended")));
    // Later on it is to end.
    ended.catch(() => undefined);
    try {
      await Promise.race([once(stdout, "data"), ended]);
    } catch (error) {
      daemon.#letGo();
      throw error;
    }
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
    this.#letGo();
  }

  #letGo(): void {
    this.#namespace[Symbol.dispose]();
    unbindNamespace(join(this.#stateDir, "host"));
    rmSync(this.#stateDir, { recursive: true });
    rmSync(this.#runDir, { recursive: true });
  }
}
