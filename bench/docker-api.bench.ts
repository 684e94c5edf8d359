// Networks by Docker's API over the unix socket: ours and Debian's dockerd, asked in turns by one client.

import { setTimeout as sleep } from "node:timers/promises";
import { Dockerd } from "../test/support/dockerd.ts";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { BenchDaemon } from "./lib/daemon.ts";
import { DockerClient } from "./lib/docker-client.ts";
import { median } from "./lib/stats.ts";

export const description = "network create, connect, disconnect and rm by Docker's API, against dockerd";

/** Rounds that one daemon is asked in a row, and how often each has its turn. */
const ROUNDS = 10;
const TURNS = 3;
/**
 * Milliseconds before what is timed: what was before leaves links and connections to the kernel to clear away, which holds up whoever
 * comes next, be it the same daemon or the other.
 */
const QUIET = 200;
/** In which what comes first is made: code that has not run yet, a pool of namespaces. */
const WARM_UP = 3;

/** How many times as fast as dockerd each has to be. */
const bars = { create: 10, connect: 10, disconnect: 20, rm: 15 } as const;
type Operation = keyof typeof bars;
const operations = ["create", "connect", "disconnect", "rm"] as const;

/** Milliseconds of each round. */
type Times = Readonly<Record<Operation, number[]>>;

const noTimes = (): Times => ({ create: [], connect: [], disconnect: [], rm: [] });

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using dockerd = await Dockerd.start();
  await dockerd.docker("run", "--detach", "--name=c1", "box", "sleep", "3600");
  await using daemon = await BenchDaemon.start();
  const [ours, theirs] = [noTimes(), noTimes()];
  using us = new DockerClient(daemon.socket);
  using docker = new DockerClient(dockerd.socket);
  for (const client of [us, docker]) await playRounds(client, WARM_UP, noTimes());
  const inARow = { ours: [] as number[], theirs: [] as number[] };
  for (let turn = 1; turn <= TURNS; turn++) {
    log(`turn ${turn} of ${TURNS}`);
    await playRounds(us, ROUNDS, ours);
    await playRounds(docker, ROUNDS, theirs);
    inARow.ours.push(await timeInARow(us));
    inARow.theirs.push(await timeInARow(docker));
  }
  const row = median(inARow.theirs) / median(inARow.ours);
  const figures = operations.flatMap((operation): Figure[] => {
    const [our, their] = [median(ours[operation]), median(theirs[operation])];
    return [
      { name: `${operation}, ours`, value: our, unit: "ms" },
      { name: `${operation}, dockerd`, value: their, unit: "ms" },
      {
        name: `${operation}, times as fast`,
        value: their / our,
        unit: "x",
        bar: { atLeast: bars[operation] },
      },
    ];
  });
  return [
    ...figures,
    { name: "all four, round after round, ours", value: median(inARow.ours), unit: "ms" },
    { name: "all four, round after round, times as fast", value: row, unit: "x" },
  ];
}

async function playRounds(client: DockerClient, rounds: number, times: Times): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await sleep(QUIET);
    await play(client, times);
  }
}

/** Milliseconds of a round, when one follows another at once: what is cleared away behind our answers is in the way then. */
async function timeInARow(client: DockerClient): Promise<number> {
  await sleep(QUIET);
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) await play(client, noTimes());
  return (performance.now() - start) / ROUNDS;
}

async function play(client: DockerClient, times: Times): Promise<void> {
  const container = JSON.stringify({ Container: "c1" });
  const create = JSON.stringify({ Name: "bench", IPAM: { Config: [{ Subnet: "10.44.0.0/16" }] } });
  times.create.push(await client.time("POST", "/v1.41/networks/create", create, 201));
  times.connect.push(await client.time("POST", "/v1.41/networks/bench/connect", container, 200));
  times.disconnect.push(await client.time("POST", "/v1.41/networks/bench/disconnect", container, 200));
  times.rm.push(await client.time("DELETE", "/v1.41/networks/bench", undefined, 204));
}
