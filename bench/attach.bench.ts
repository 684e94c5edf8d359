// A container gets its network: three durable calls, and all in one with a namespace from the pool; each held against the
// kernel's own price (floor.c) in the same round.

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Endpoint, Network } from "@causeway/libnetwork";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { measureFloor } from "./lib/floor.ts";
import { BenchHost } from "./lib/host.ts";
import { answers } from "./lib/probe.ts";
import { median } from "./lib/stats.ts";

export const description =
  "createEndpoint + newSandbox + join, and controller.attach, as multiples of the kernel's own price";

/** How often each number of endpoints is measured: the median of the rounds counts. */
const ROUNDS = [
  { n: 200, rounds: 5 },
  { n: 500, rounds: 3 },
] as const;
/** Each tenth attach ends with the first answered packet. */
const SAMPLED = 10;
/** Milliseconds that an answer may take; longer is a failure. */
const PATIENCE = 1000;
/** Milliseconds in which the kernel does away with what the floor let go of. */
const AFTER_FLOOR = 1000;
/** How much a ratio may grow from 200 to 500 endpoints before it is not noise any more. */
const NOISE = 1.1;

const SUBNETS = {
  ipv4: [{ subnet: "10.44.0.0/16" }],
  dual: [{ subnet: "10.44.0.0/16" }, { subnet: "fd44::/64" }],
};

type Families = keyof typeof SUBNETS;
type Attach = (host: BenchHost, network: Network, name: string) => Promise<Endpoint>;

/** Medians of one round, microseconds. */
interface Times {
  readonly attach: number;
  /** Of the sampled: until the first packet was answered. */
  readonly answered: number;
}

interface Round {
  readonly floor: number;
  readonly calls: Times;
  readonly warm: Times;
  readonly callsDual: Times;
  readonly warmDual: Times;
}

export async function run({ log }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  const ratios: { readonly calls: number; readonly warm: number }[] = [];
  for (const { n, rounds } of ROUNDS) {
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      const result = await measureRound(n);
      log(`${n} endpoints, round ${round} of ${rounds}: ${JSON.stringify(result)}`);
      measured.push(result);
    }
    const ratio = (kind: "calls" | "warm" | "callsDual" | "warmDual") =>
      median(measured.map((round) => round[kind].attach / round.floor));
    const us = (name: string, of: (round: Round) => number): Figure => ({
      name: `${name}, ${n} endpoints`,
      value: median(measured.map(of)),
      unit: "us",
    });
    const x = (name: string, value: number, bar?: number): Figure => ({
      name: `${name} / floor, ${n} endpoints`,
      value,
      unit: "x",
      ...(bar === undefined ? {} : { bar: { atMost: bar } }),
    });
    figures.push(
      us("floor", ({ floor }) => floor),
      us("three calls", ({ calls }) => calls.attach),
      us("three calls, until answered", ({ calls }) => calls.answered),
      us("one call, warm", ({ warm }) => warm.attach),
      us("one call, warm, until answered", ({ warm }) => warm.answered),
      x("three calls", ratio("calls"), 2.5),
      x("one call, warm", ratio("warm"), 1.5),
      x("three calls, dual stack", ratio("callsDual")),
      x("one call, warm, dual stack", ratio("warmDual")),
    );
    ratios.push({ calls: ratio("calls"), warm: ratio("warm") });
  }
  const [few, many] = ratios;
  const growth = (kind: "calls" | "warm") => (many?.[kind] ?? Number.NaN) / (few?.[kind] ?? Number.NaN);
  return [
    ...figures,
    { name: "three calls, ratio at 500 / at 200", value: growth("calls"), unit: "x", bar: { atMost: NOISE } },
    {
      name: "one call, warm, ratio at 500 / at 200",
      value: growth("warm"),
      unit: "x",
      bar: { atMost: NOISE },
    },
  ];
}

async function measureRound(n: number): Promise<Round> {
  const floor = measureFloor(n).attach.p50;
  await sleep(AFTER_FLOOR);
  const calls = await measure(n, "ipv4", threeCalls, {});
  const warm = await measure(n, "ipv4", oneCall, { warmNamespaces: n });
  const callsDual = await measure(n, "dual", threeCalls, {});
  const warmDual = await measure(n, "dual", oneCall, { warmNamespaces: n });
  return { floor, calls, warm, callsDual, warmDual };
}

const threeCalls: Attach = async ({ controller }, network, name) => {
  const endpoint = await network.createEndpoint(name);
  const sandbox = await controller.newSandbox(name);
  await endpoint.join(sandbox);
  return endpoint;
};

const oneCall: Attach = async ({ controller }, network, containerId) => {
  const { endpoint } = await controller.attach(network, { containerId });
  return endpoint;
};

async function measure(
  n: number,
  families: Families,
  attach: Attach,
  options: { readonly warmNamespaces?: number },
): Promise<Times> {
  await using host = await BenchHost.open(options);
  const network = await host.controller.newNetwork("bridge", "bench", {
    ipam: { config: SUBNETS[families] },
  });
  // The pool makes one namespace in each turn of the event loop.
  for (let turn = 0; turn <= (options.warmNamespaces ?? 0); turn++) await nextTurn();
  const all: number[] = [];
  const answered: number[] = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    const endpoint = await attach(host, network, `container${i}`);
    if (i % SAMPLED === SAMPLED - 1) {
      await firstAnswer(host, endpoint);
      answered.push((performance.now() - start) * 1000);
    }
    all.push((performance.now() - start) * 1000);
  }
  return { attach: median(all), answered: median(answered) };
}

/** In every family that the endpoint has. */
async function firstAnswer({ namespace }: BenchHost, { name, ipv4, ipv6 }: Endpoint): Promise<void> {
  for (const cidr of [ipv4, ipv6]) {
    if (cidr === undefined) continue;
    const [address = ""] = cidr.split("/");
    if (!(await answers(namespace, address, PATIENCE)))
      throw new Error(`${name} does not answer at ${address}`);
  }
}
