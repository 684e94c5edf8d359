// Many clients of one daemon at once: what they wait for reads while others change things.
//
// The daemon is a process of its own, and so are the clients: they have one processor of their own, where the machine has two.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { BenchHost } from "./lib/host.ts";
import { median, percentile } from "./lib/stats.ts";

export const description =
  "200 clients, a request each every 250 ms, one in five a change, for 60 s: reads, errors, what is left";

const CLIENTS = 200;
/** Milliseconds between two requests of a client, on the average. */
const PAUSE = 250;
const SECONDS = Number(process.env.LOAD_SECONDS ?? 60);
const NETWORKS = 10;
const HOLDER = join(import.meta.dirname, "lib/load-holder.ts");

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using host = await BenchHost.open({ defaultNetwork: false });
  const figures: Figure[] = [];
  await host.reopen(async (open) => {
    const socket = join(host.options.runDir, "load.sock");
    const daemon = await startDaemon(host, socket);
    try {
      figures.push(...(await measure(host, daemon, socket, log)));
    } finally {
      const ended = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await ended;
    }
    await open();
  });
  return figures;
}

async function startDaemon({ options }: BenchHost, socket: string): Promise<ChildProcess> {
  const config = { controller: options, socket, socketGroup: "0" };
  const daemon = spawn(process.execPath, [HOLDER, JSON.stringify(config)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (daemon.stdout === null) throw new Error("the daemon has no output");
  const said = await Promise.race([
    once(daemon.stdout, "data").then(([text]) => String(text)),
    once(daemon, "exit").then(() => "its end"),
  ]);
  if (said !== "ready") throw new Error(`the daemon said ${said}`);
  return daemon;
}

/** What came of all requests. */
interface Tally {
  readonly reads: number[];
  readonly changes: number[];
  refused: number;
  readonly errors: string[];
}

async function measure(
  host: BenchHost,
  daemon: ChildProcess,
  socket: string,
  log: BenchContext["log"],
): Promise<Figure[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const api = new Api(socket, agent);
  for (let at = 0; at < NETWORKS; at++)
    await api.ask("POST", "/networks", {
      name: `n${at}`,
      ipam: { config: [{ subnet: `10.45.${at}.0/24` }] },
    });
  // What is opened once and kept is open before the first look.
  await api.change(0, 0);
  await api.change(0, 1);
  await host.quiet();
  const before = openFiles(daemon);
  const tally: Tally = { reads: [], changes: [], refused: 0, errors: [] };
  const end = performance.now() + SECONDS * 1000;
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => ask(api, client, end, tally)));
  log(`${tally.reads.length} reads, ${tally.changes.length} changes`);
  for (const error of new Set(tally.errors.slice(0, 5))) log(error);
  await api.clear();
  agent.destroy();
  await host.quiet();
  const left = await settledFiles(daemon, before);
  return [
    { name: "read, 99th percentile", value: percentile(tally.reads, 0.99), unit: "ms", bar: { atMost: 50 } },
    { name: "read, median", value: median(tally.reads), unit: "ms" },
    { name: "change, median", value: median(tally.changes), unit: "ms" },
    { name: "change, 99th percentile", value: percentile(tally.changes, 0.99), unit: "ms" },
    { name: "requests", value: (tally.reads.length + tally.changes.length) / SECONDS, unit: "1/s" },
    { name: "refused with 503", value: tally.refused, unit: "" },
    { name: "other errors", value: tally.errors.length, unit: "", bar: { atMost: 0 } },
    { name: "open files more than before", value: left, unit: "", bar: { atMost: 0 } },
  ];
}

/** One client, until the time is over. */
async function ask(api: Api, client: number, end: number, tally: Tally): Promise<void> {
  await sleep(Math.random() * PAUSE);
  for (let round = 0; performance.now() < end; round++) {
    const changes = round % 5 === 4;
    const start = performance.now();
    try {
      const status = await (changes ? api.change(client, Math.floor(round / 5)) : api.read(client, round));
      (changes ? tally.changes : tally.reads).push(performance.now() - start);
      if (status === 503) tally.refused++;
      else if (status >= 400) tally.errors.push(`status ${status} of a ${changes ? "change" : "read"}`);
    } catch (error) {
      tally.errors.push(String(error));
    }
    await sleep(Math.random() * 2 * PAUSE);
  }
}

class Api {
  readonly #socket: string;
  readonly #agent: Agent;

  constructor(socket: string, agent: Agent) {
    this.#socket = socket;
    this.#agent = agent;
  }

  read(client: number, round: number): Promise<number> {
    const network = `n${client % NETWORKS}`;
    const paths = [
      `/networks/${network}`,
      "/networks",
      `/networks/${network}/endpoints?limit=20`,
      "/sandboxes?limit=20",
    ];
    return this.ask("GET", paths[round % paths.length] ?? "/networks");
  }

  /** A container comes, and goes the next time. */
  change(client: number, round: number): Promise<number> {
    const containerId = `c${client}`;
    if (round % 2 === 1) return this.ask("DELETE", `/sandboxes/${containerId}?endpoints=delete`);
    return this.ask("POST", "/attachments", { network: `n${client % NETWORKS}`, containerId });
  }

  /** Takes everything away that was made. */
  async clear(): Promise<void> {
    for (let client = 0; client < CLIENTS; client++)
      await this.ask("DELETE", `/sandboxes/c${client}?endpoints=delete`);
    for (let at = 0; at < NETWORKS; at++) await this.ask("DELETE", `/networks/n${at}`);
  }

  ask(method: string, path: string, body?: unknown): Promise<number> {
    return new Promise((resolve, reject) => {
      const asked = request({
        socketPath: this.#socket,
        agent: this.#agent,
        method,
        path: `/cnm/v1${path}`,
        headers: body === undefined ? {} : { "content-type": "application/json" },
      });
      asked.on("error", reject);
      asked.on("response", (response) => {
        response.on("error", reject).on("end", () => resolve(response.statusCode ?? 0));
        response.resume();
      });
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function openFiles({ pid }: ChildProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** How many files more the daemon has open, when the connections are closed. */
async function settledFiles(daemon: ChildProcess, before: number): Promise<number> {
  // The one connection that was kept alive while it was counted is closed by now.
  for (let tries = 0; tries < 200 && openFiles(daemon) > before; tries++) await sleep(50);
  return Math.max(0, openFiles(daemon) - before);
}
