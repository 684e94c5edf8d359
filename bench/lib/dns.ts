// Asks the name server at 127.0.0.11 from within a namespace: many questions at a time (dnsperf), and one after another (ask.c).

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { compiled } from "./compile.ts";

const run = promisify(execFile);

/** Where somebody asks, and for what. */
export interface Place {
  /** A file of the network namespace. */
  readonly netns: string;
  /** What is asked for: each has an address. */
  readonly names: readonly string[];
}

export interface LoadOptions {
  readonly protocol?: "udp" | "tcp";
  /** Sockets that ask. Default: 4. */
  readonly clients?: number;
  /** Questions under way, of all clients together. Default: 100. */
  readonly outstanding?: number;
  /** Default: 3. */
  readonly seconds?: number;
}

export interface Load {
  /** Right answers a second. */
  readonly rate: number;
  /** Questions without one. */
  readonly lost: number;
}

/** By dnsperf: as many questions as are answered. */
export async function load(place: Place, options: LoadOptions = {}): Promise<Load> {
  const { protocol = "udp", clients = 4, outstanding = 100, seconds = 3 } = options;
  const directory = mkdtempSync("/dev/shm/causeway-bench-");
  try {
    const questions = join(directory, "questions");
    writeFileSync(questions, place.names.map((name) => `${name} A\n`).join(""));
    const { stdout } = await run("nsenter", [
      `--net=${place.netns}`,
      "dnsperf",
      "-s127.0.0.11",
      `-m${protocol}`,
      `-c${clients}`,
      `-q${outstanding}`,
      `-l${seconds}`,
      `-d${questions}`,
    ]);
    return understood(stdout);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function understood(report: string): Load {
  const of = (line: RegExp) => Number(line.exec(report)?.[1] ?? 0);
  const [sent, right] = [of(/Queries sent: +(\d+)/), of(/NOERROR (\d+)/)];
  return { rate: right / of(/Run time \(s\): +([\d.]+)/), lost: sent - right };
}

export interface Times {
  readonly asked: number;
  readonly lost: number;
  /** Answers a second. */
  readonly rate: number;
  /** Microseconds until the answer. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** One client that waits for each answer: so many questions, or until a promise settles. */
export async function timesOf(place: Place, until: number | Promise<unknown>): Promise<Times> {
  const client = startAsking(place, "udp", ...(typeof until === "number" ? [String(until)] : []));
  const told = text(client.stdout);
  try {
    if (typeof until !== "number") await until;
  } finally {
    if (typeof until !== "number") client.kill("SIGTERM");
  }
  return JSON.parse(await told) as Times;
}

/** Starts ask.c, with what is said at its head. */
export function startAsking({ netns, names: [name = ""] }: Place, ...how: readonly string[]) {
  return spawn("nsenter", [`--net=${netns}`, compiled("ask"), name, ...how], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}
