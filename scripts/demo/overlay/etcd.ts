// The demo's own etcd, of one member: on this machine's loopback, because that is where the controllers run.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { until } from "../until.ts";

/** What is told where there is none. */
export const howToGetEtcd =
  "the overlay demo takes an etcd, and there is none on PATH. Install it: apt-get install --no-install-recommends etcd-server\n" +
  "  (Debian starts one of its own by that, which the demo leaves alone: systemctl disable --now etcd ends it)";

export function etcdIsInstalled(): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, "etcd"), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export class DemoEtcd {
  /** Tells which etcd is ours: it stands in its command line. */
  readonly #data: string;

  /** @param directory of the demo */
  constructor(directory: string) {
    this.#data = join(directory, "etcd");
  }

  /** Where clients reach it while it runs. */
  get url(): string {
    const [ours] = this.#running();
    return ours?.command[ours.command.indexOf("--advertise-client-urls") + 1] ?? "http://127.0.0.1:2379";
  }

  /** Starts it; it outlives this process, and what the terminal sends to it. */
  async start(): Promise<void> {
    const [client, peer] = await freePorts(2);
    const url = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    const args = [
      ...["--name", "demo", "--data-dir", this.#data, "--log-level", "error"],
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
      ...["--initial-cluster", `demo=${peerUrl}`],
    ];
    const child = spawn("etcd", args, { detached: true, stdio: "ignore" });
    await once(child, "spawn");
    child.unref();
    const answers = await until(async () => {
      if (child.exitCode !== null) throw new Error(`etcd ended at once: etcd ${args.join(" ")}`);
      const answer = await fetch(`${url}/health`, { headers: { connection: "close" } }).catch(
        () => undefined,
      );
      return (await answer?.text())?.includes('"true"') === true;
    });
    if (!answers) throw new Error("etcd does not answer");
  }

  async stop(): Promise<void> {
    for (const { pid } of this.#running()) process.kill(pid);
    if (await until(() => this.#running().length === 0)) return;
    for (const { pid } of this.#running()) process.kill(pid, "SIGKILL");
  }

  #running(): readonly { readonly pid: number; readonly command: readonly string[] }[] {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0)
      .map((pid) => ({ pid, command: commandOf(pid) }))
      .filter(({ command }) => command[command.indexOf("--data-dir") + 1] === this.#data);
  }
}

/** Empty for a process that has ended. */
function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
