// Docker's own daemon, on a host of its own: in a namespace, with its files in a temporary directory and an image of busybox.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import { eventually, patience } from "./eventually.ts";

const run = promisify(execFile);

/** Dispose of it: containers are removed, the daemon ends, and nothing is left. */
export class Dockerd implements AsyncDisposable {
  readonly directory: string;
  readonly socket: string;
  readonly namespace: NetNamespace;
  readonly #cgroup: string;
  readonly #process: ChildProcess;
  readonly #log: string[] = [];

  private constructor(directory: string) {
    this.directory = directory;
    this.socket = join(directory, "docker.sock");
    this.namespace = NetNamespace.create();
    const netns = join(directory, "netns");
    this.namespace.bindAt(netns);
    using rtnl = new Rtnl(this.namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    this.#cgroup = `causeway-${process.pid}-${directory.slice(-6)}`;
    // Not `ip netns exec`, which mounts another /sys without cgroups.
    const command = [`--net=${netns}`, "dockerd", "--storage-driver=overlay2"];
    const places = [
      `--data-root=${join(directory, "data")}`,
      `--exec-root=${join(directory, "exec")}`,
      `--pidfile=${join(directory, "pid")}`,
      `--host=unix://${this.socket}`,
      `--cgroup-parent=/${this.#cgroup}`,
    ];
    // A containerd that is slow to answer is asked for its stacks by dockerd, and writes them there.
    const env = { ...process.env, TMPDIR: directory };
    this.#process = spawn("nsenter", [...command, ...places], { env, stdio: ["ignore", "ignore", "pipe"] });
    this.#process.stderr?.on("data", (text: Buffer) => this.#log.push(text.toString()));
  }

  /** With an image `box` of busybox. */
  static async start(): Promise<Dockerd> {
    const dockerd = new Dockerd(mkdtempSync(join(tmpdir(), "causeway-dockerd-")));
    try {
      // It starts a containerd first.
      await eventually(() => dockerd.docker("version"), 3 * patience);
      await dockerd.#importBusybox();
    } catch (error) {
      await dockerd[Symbol.asyncDispose]();
      throw new Error(dockerd.#log.slice(-20).join(""), { cause: error });
    }
    return dockerd;
  }

  /** Asks it by its client. */
  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await run("docker", ["-H", `unix://${this.socket}`, ...args]);
    return stdout.trim();
  }

  /** Runs a command on its host. @returns what it wrote */
  async inside(command: string): Promise<string> {
    const { stdout } = await run("nsenter", [
      `--net=${join(this.directory, "netns")}`,
      ...command.split(" "),
    ]);
    return stdout;
  }

  async #importBusybox(): Promise<void> {
    const root = join(this.directory, "root");
    mkdirSync(join(root, "bin"), { recursive: true });
    await run("cp", ["/bin/busybox", join(root, "bin/busybox")]);
    for (const name of ["sh", "sleep", "ping"]) symlinkSync("busybox", join(root, "bin", name));
    const archive = join(this.directory, "root.tar");
    await run("tar", ["-C", root, "-cf", archive, "."]);
    await this.docker("import", archive, "box");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, "exit");
      // A daemon that ends asks its containers first, and waits: these do not listen.
      const ids = await this.docker("ps", "--all", "--quiet").catch(() => "");
      if (ids !== "") await this.docker("rm", "--force", ...ids.split("\n"));
      this.#process.kill();
      await ended;
    }
    this.namespace[Symbol.dispose]();
    unbindNamespace(join(this.directory, "netns"));
    rmSync(this.directory, { recursive: true });
    removeCgroups(this.#cgroup);
  }
}

/** In each hierarchy; what is in use by nobody is an empty directory of its files. */
function removeCgroups(name: string): void {
  const top = "/sys/fs/cgroup";
  for (const path of [top, ...readdirSync(top).map((hierarchy) => join(top, hierarchy))]) {
    try {
      rmdirSync(join(path, name));
    } catch {
      // Not every hierarchy has it.
    }
  }
}
