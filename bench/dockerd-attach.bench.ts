// One dockerd, two drivers: ours, served to it as a plugin, and dockerd's own bridge, each with its own IPAM, asked for in turns. Ours twice: once
// dockerd moves the container's interface there, as with its own, and once the plugin makes it there (option directConnect).

import { mkdtempSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Dockerd } from "../test/support/dockerd.ts";
import { ServedPlugin } from "../test/support/served-plugin.ts";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { DockerClient } from "./lib/docker-client.ts";
import { median } from "./lib/stats.ts";

export const description =
  "docker network create, connect, disconnect, rm: our driver as a plugin against dockerd's own";

/** The two in turns, and a few rounds each: a busy machine is busy for both. */
const TURNS = 12;
const ROUNDS = 3;
/** In which what comes first is made: code that has not run yet, connections. */
const WARM_UP = 3;
/** Milliseconds before each call that is timed: what was before leaves links to the kernel to clear away, which holds up whoever comes next. */
const QUIET = 200;

const operations = ["create", "connect", "disconnect", "rm"] as const;
type Operation = (typeof operations)[number];
/** How many times as fast as dockerd's own driver each has to be. */
const bars: Partial<Record<Operation, number>> = { connect: 1, disconnect: 2, rm: 2 };

/** Milliseconds of each round. */
type Times = Readonly<Record<Operation, number[]>>;

interface Contestant {
  readonly driver: string;
  readonly ipam: string;
  /** Of the network. */
  readonly options: Readonly<Record<string, string>>;
  readonly times: Times;
}

const noTimes = (): Times => ({ create: [], connect: [], disconnect: [], rm: [] });

export async function run({ log }: BenchContext): Promise<Figure[]> {
  // Durable writes go to a disk.
  const directory = mkdtempSync("/var/tmp/causeway-bench-");
  const ends: (() => unknown)[] = [];
  try {
    await using dockerd = await Dockerd.start();
    const name = `causeway-bench-${process.pid}`;
    const after = (end: () => unknown) => void ends.unshift(end);
    await ServedPlugin.start({ after }, { name, stateDir: directory, hostNamespace: dockerd.netns });
    await dockerd.docker("run", "--detach", "--name=c1", "box", "sleep", "3600");
    using client = new DockerClient(dockerd.socket);
    const [direct, ours, theirs] = [noTimes(), noTimes(), noTimes()];
    const contestants: readonly Contestant[] = [
      { driver: name, ipam: name, options: { directConnect: "true" }, times: direct },
      { driver: name, ipam: name, options: {}, times: ours },
      { driver: "bridge", ipam: "default", options: {}, times: theirs },
    ];
    for (const contestant of contestants)
      for (let round = 0; round < WARM_UP; round++) await play(client, { ...contestant, times: noTimes() });
    for (let turn = 1; turn <= TURNS; turn++) {
      log(`turn ${turn} of ${TURNS}`);
      for (const contestant of contestants)
        for (let round = 0; round < ROUNDS; round++) await play(client, contestant);
    }
    return operations.flatMap((operation): Figure[] => {
      const their = median(theirs[operation]);
      const bar = bars[operation];
      return [
        { name: `${operation}, dockerd's own`, value: their, unit: "ms" },
        ...Object.entries({ directly: direct, "by dockerd": ours }).flatMap(([manner, times]): Figure[] => {
          const our = median(times[operation]);
          return [
            { name: `${operation}, ours, ${manner}`, value: our, unit: "ms" },
            {
              name: `${operation}, ${manner}, times as fast`,
              value: their / our,
              unit: "x",
              ...(bar !== undefined && { bar: { atLeast: bar } }),
            },
          ];
        }),
      ];
    });
  } finally {
    for (const end of ends) await end();
    rmSync(directory, { recursive: true });
  }
}

async function play(client: DockerClient, { driver, ipam, options, times }: Contestant): Promise<void> {
  const container = JSON.stringify({ Container: "c1" });
  const create = JSON.stringify({
    Name: "bench",
    Driver: driver,
    Options: options,
    IPAM: { Driver: ipam, Config: [{ Subnet: "10.44.0.0/16" }] },
  });
  const timed = async (operation: Operation, ...asked: Parameters<DockerClient["time"]>) => {
    await sleep(QUIET);
    times[operation].push(await client.time(...asked));
  };
  await timed("create", "POST", "/v1.41/networks/create", create, 201);
  await timed("connect", "POST", "/v1.41/networks/bench/connect", container, 200);
  await timed("disconnect", "POST", "/v1.41/networks/bench/disconnect", container, 200);
  await timed("rm", "DELETE", "/v1.41/networks/bench", undefined, 204);
}
