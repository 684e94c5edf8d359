// A daemon as a process of its own, the way systemd starts one, on a host that the test made.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { eventually } from "./eventually.ts";
import { TestHost } from "./host.ts";

const launcher = join(import.meta.dirname, "../../packages/cli/bin/causeway");

export interface DaemonProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Behind those that say where everything is. */
  readonly flags?: readonly string[];
  /** Program and arguments that it is started by: `setpriv ...`. */
  readonly under?: readonly string[];
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [name: string]: unknown;
}

export class DaemonProcess {
  readonly host: TestHost;
  readonly socket: string;
  /** Everything that it has logged; lines that are no JSON as a message. */
  readonly lines: LogLine[] = [];
  #child: ChildProcess | undefined;

  private constructor(host: TestHost, socket: string) {
    this.host = host;
    this.socket = socket;
  }

  /** Waits until it is ready. At the test's end it is killed, if it still runs. */
  static async start(
    t: Pick<TestContext, "after">,
    options: DaemonProcessOptions = {},
  ): Promise<DaemonProcess> {
    let made: DaemonProcess | undefined;
    t.after(() => made?.end("SIGKILL"));
    const host = await TestHost.create(t);
    await host.stop();
    made = new DaemonProcess(host, join(mkdtempSync(join(host.directory, "socket-")), "causeway.sock"));
    await made.start(options);
    return made;
  }

  async start(options: DaemonProcessOptions = {}): Promise<void> {
    const child = this.spawn(options);
    const ended = once(child, "close").then(() => {
      throw new Error(`the daemon did not start: ${JSON.stringify(this.lines.at(-1))}`);
    });
    // It ends some day, and nobody waits any more.
    ended.catch(() => undefined);
    await Promise.race([this.logged("ready"), ended]);
  }

  /** Does not wait until it is ready. */
  spawn({ env = {}, flags = [], under = [] }: DaemonProcessOptions = {}): ChildProcess {
    this.lines.length = 0;
    const [program = launcher, ...args] = [...under, launcher, ...this.words, ...flags];
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) this.#read(stream);
    this.#child = child;
    return child;
  }

  /** The command line that it is started by, without further flags. */
  get words(): readonly string[] {
    const { stateDir, runDir, hostNamespace = "" } = this.host.options;
    const where = ["--state-dir", stateDir, "--run-dir", runDir, "--host-namespace", hostNamespace];
    return ["daemon", ...where, "--no-default-network", "--warm-namespaces", "0", "--socket", this.socket];
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("this daemon does not run");
    return pid;
  }

  /** Waits for a line whose message has this text in it. */
  logged(text: string): Promise<LogLine> {
    return eventually(() => {
      const found = this.lines.find(({ msg }) => msg.includes(text));
      if (found !== undefined) return found;
      throw new Error(`"${text}" was not logged, but: ${JSON.stringify(this.lines, undefined, 1)}`);
    });
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** @returns its exit status, or the signal that ended it */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string | null> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    return this.ended();
  }

  async ended(): Promise<number | string | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    return child.exitCode ?? child.signalCode;
  }

  #read(stream: NodeJS.ReadableStream): void {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.lines.push(parsed(line));
    });
  }
}

function parsed(line: string): LogLine {
  return line.startsWith("{") ? (JSON.parse(line) as LogLine) : { level: "none", msg: line };
}
