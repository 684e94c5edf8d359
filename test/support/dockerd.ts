// Docker's own daemon, on a host of its own: in a namespace, with its files in a temporary directory and an image of busybox.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { link, NetNamespace, Rtnl, unmount } from "@causeway/kernel";
import { eventually, patience } from "./eventually.ts";
import { mountsBelow } from "./leak-check.ts";

const run = promisify(execFile);

/** Dispose of it: containers are removed, the daemon ends, and nothing is left. */
export class Dockerd implements AsyncDisposable {
  readonly directory: string;
  readonly socket: string;
  readonly namespace: NetNamespace;
  readonly #cgroup: string;
  readonly #containerd: ChildProcess;
  #process: ChildProcess;
  readonly #flags: readonly string[];
  readonly #log: string[] = [];

  private constructor(directory: string, flags: readonly string[]) {
    this.directory = directory;
    this.#flags = flags;
    this.socket = join(directory, "docker.sock");
    this.namespace = NetNamespace.create();
    const netns = join(directory, "netns");
    this.namespace.bindAt(netns);
    using rtnl = new Rtnl(this.namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    this.#cgroup = `causeway-${process.pid}-${directory.slice(-6)}`;
    this.#containerd = this.#spawnContainerd();
    this.#process = this.#spawn();
  }

  /** As systemd has it, a daemon of its own: one that dockerd starts itself stays in the way of the next dockerd where this one is killed. */
  #spawnContainerd(): ChildProcess {
    const place = (name: string) => join(this.directory, "containerd", name);
    mkdirSync(place("."));
    const config = [
      "version = 2",
      `root = "${place("root")}"`,
      `state = "${place("state")}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
      `[grpc]\naddress = "${this.#containerdSocket}"`,
    ];
    writeFileSync(place("config.toml"), `${config.join("\n")}\n`);
    const env = { ...process.env, TMPDIR: this.directory };
    return spawn("containerd", ["--config", place("config.toml")], { env, stdio: "ignore" });
  }

  get #containerdSocket(): string {
    return join(this.directory, "containerd/socket");
  }

  /** Path of its network namespace. */
  get netns(): string {
    return join(this.directory, "netns");
  }

  #spawn(): ChildProcess {
    // Not `ip netns exec`, which mounts another /sys without cgroups.
    const command = [`--net=${this.netns}`, "dockerd", "--storage-driver=overlay2"];
    const places = [
      `--data-root=${join(this.directory, "data")}`,
      `--exec-root=${join(this.directory, "exec")}`,
      `--pidfile=${join(this.directory, "pid")}`,
      `--host=unix://${this.socket}`,
      `--containerd=${this.#containerdSocket}`,
      `--cgroup-parent=/${this.#cgroup}`,
    ];
    const env = { ...process.env, TMPDIR: this.directory };
    const child = spawn("nsenter", [...command, ...places, ...this.#flags], {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.on("data", (text: Buffer) => this.#log.push(text.toString()));
    return child;
  }

  /** Ends it, and starts it anew: its containers end with it. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    await this.startAgain();
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill(signal);
    await ended;
  }

  async startAgain(): Promise<void> {
    this.#process = this.#spawn();
    await this.#answers();
  }

  async #answers(): Promise<void> {
    await eventually(() => this.docker("version"), 3 * patience);
  }

  /** What it said of late. */
  get log(): string {
    return this.#log.slice(-20).join("");
  }

  /**
   * With an image `box` of busybox.
   *
   * @param flags of dockerd, besides
   */
  static async start(flags: readonly string[] = []): Promise<Dockerd> {
    const dockerd = new Dockerd(mkdtempSync(join(tmpdir(), "causeway-dockerd-")), flags);
    try {
      await dockerd.#answers();
      await dockerd.#importBusybox();
    } catch (error) {
      await dockerd[Symbol.asyncDispose]();
      throw new Error(dockerd.log, { cause: error });
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
    const gone = once(this.#containerd, "exit");
    if (this.#containerd.kill()) await gone;
    this.namespace[Symbol.dispose]();
    // One that was killed has left mounts behind: the next one does not know them.
    for (const path of mountsBelow(this.directory).toReversed()) unmount(path);
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
