// Open vSwitch on a host of a test's own: its database and its daemon in a namespace, with their files in a directory.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NetNamespace } from "@causeway/kernel";
import { eventually } from "./eventually.ts";

const run = promisify(execFile);

/** With the datapath netdev, which is in ovs-vswitchd: this kernel has none. Dispose of it: both processes end. */
export class OpenVswitch implements AsyncDisposable {
  /** Of the database. */
  readonly socket: string;
  readonly #directory: string;
  readonly #namespace: NetNamespace;
  readonly #env: NodeJS.ProcessEnv;
  readonly #processes: ChildProcess[] = [];

  private constructor(namespace: NetNamespace, directory: string) {
    this.#namespace = namespace;
    this.#directory = directory;
    this.socket = join(directory, "db.sock");
    this.#env = { ...process.env, OVS_RUNDIR: directory, OVS_LOGDIR: directory, OVS_DBDIR: directory };
    mkdirSync(directory);
  }

  /** @param directory is made */
  static async start(namespace: NetNamespace, directory: string): Promise<OpenVswitch> {
    const ovs = new OpenVswitch(namespace, directory);
    const database = join(directory, "conf.db");
    await run("ovsdb-tool", ["create", database, "/usr/share/openvswitch/vswitch.ovsschema"]);
    ovs.#spawn("ovsdb-server", [database, `--remote=punix:${ovs.socket}`]);
    await eventually(() => {
      if (!existsSync(ovs.socket)) throw new Error("ovsdb-server does not listen yet");
    });
    await run("ovs-vsctl", [`--db=unix:${ovs.socket}`, "--no-wait", "init"]);
    ovs.#spawn("ovs-vswitchd", [`unix:${ovs.socket}`, "--disable-system"]);
    await ovs.vsctl("show");
    return ovs;
  }

  /** Asks it by its own client. */
  async vsctl(...words: readonly string[]): Promise<string> {
    const { stdout } = await run("ovs-vsctl", [`--db=unix:${this.socket}`, "--timeout=20", ...words]);
    return stdout.trim();
  }

  #spawn(program: string, words: readonly string[]): void {
    const own = [
      `--unixctl=${join(this.#directory, `${program}.ctl`)}`,
      `--pidfile=${join(this.#directory, `${program}.pid`)}`,
    ];
    const quiet = ["--no-chdir", "-vconsole:off", "-vsyslog:off"];
    const start = () => spawn(program, [...words, ...own, ...quiet], { env: this.#env, stdio: "ignore" });
    this.#processes.push(this.#namespace.run(start));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    }
  }
}
