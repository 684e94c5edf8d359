// A container goes: how soon it is cut off, how soon the kernel has forgotten it, and whether that holds up the rest.

import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Endpoint, Network } from "@causeway/libnetwork";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { BenchHost } from "./lib/host.ts";
import { answers } from "./lib/probe.ts";
import { median } from "./lib/stats.ts";

export const description =
  "leave + sandbox.delete until cut off, all remains gone, and the longest stall of the event loop meanwhile";

const N = 200;
const ROUNDS = 5;
/** Each tenth detach is followed by a packet that must not be answered. */
const SAMPLED = 10;
/** Milliseconds in which an answer would have come. */
const PATIENCE = 20;
/** Milliseconds between the turns in which the event loop is looked at. */
const RESOLUTION = 1;

/** Milliseconds. */
interface Round {
  /** leave + sandbox.delete, median. */
  readonly twoCalls: number;
  /** sandbox.delete with its endpoints, median. */
  readonly oneCall: number;
  /** From the first leave until nothing is left, for each endpoint. */
  readonly gone: number;
  /** The longest that the event loop was held. */
  readonly stall: number;
  /** The longest of the attaches meanwhile: the part of a stall that is one operation's. */
  readonly attach: number;
  /** The longest that the event loop was held with nobody leaving. */
  readonly alone: number;
}

type Stalls = Pick<Round, "stall" | "attach" | "alone">;

export async function run({ log }: BenchContext): Promise<Figure[]> {
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const result = await measureRound();
    log(`round ${round} of ${ROUNDS}: ${JSON.stringify(result)}`);
    rounds.push(result);
  }
  const of = (part: keyof Round) => median(rounds.map((round) => round[part]));
  return [
    {
      name: "leave + sandbox.delete, until cut off",
      value: of("twoCalls"),
      unit: "ms",
      bar: { atMost: 1.5 },
    },
    { name: "sandbox.delete with its endpoint", value: of("oneCall"), unit: "ms" },
    { name: "all remains gone, each", value: of("gone"), unit: "ms", bar: { atMost: 3 } },
    { name: "longest stall of the event loop", value: of("stall"), unit: "ms", bar: { atMost: 10 } },
    { name: "longest attach meanwhile", value: of("attach"), unit: "ms" },
    { name: "longest stall with nobody leaving", value: of("alone"), unit: "ms" },
  ];
}

async function measureRound(): Promise<Round> {
  await using host = await BenchHost.open();
  const going = await newNetwork(host, "going", "10.44.0.0/16");
  const coming = await newNetwork(host, "coming", "10.45.0.0/16");
  const twoCalls = await detachQuietly(host, going, leaveAndDelete);
  const oneCall = await detachQuietly(host, going, deleteWithEndpoint);
  return {
    twoCalls: twoCalls.each,
    oneCall: oneCall.each,
    gone: twoCalls.gone,
    ...(await stallsWhile(host, going, coming)),
  };
}

function newNetwork({ controller }: BenchHost, name: string, subnet: string): Promise<Network> {
  return controller.newNetwork("bridge", name, { ipam: { config: [{ subnet }] } });
}

async function attachAll({ controller }: BenchHost, network: Network, prefix: string): Promise<Endpoint[]> {
  const endpoints: Endpoint[] = [];
  for (let i = 0; i < N; i++) {
    endpoints.push((await controller.attach(network, { containerId: `${prefix}${i}` })).endpoint);
  }
  return endpoints;
}

type Detach = (endpoint: Endpoint) => Promise<void>;

const leaveAndDelete: Detach = async (endpoint) => {
  const { sandbox } = endpoint;
  if (sandbox === undefined) throw new Error(`${endpoint.name} is in no sandbox`);
  await endpoint.leave(sandbox);
  await sandbox.delete();
};

const deleteWithEndpoint: Detach = async ({ sandbox }) => {
  await sandbox?.delete({ endpoints: "delete" });
};

/** Detaches all, one after the other, and nothing else. */
async function detachQuietly(
  host: BenchHost,
  network: Network,
  detach: Detach,
): Promise<{ each: number; gone: number }> {
  const endpoints = await attachAll(host, network, "quiet");
  await sleep(1000);
  const times: number[] = [];
  let checking = 0;
  const start = performance.now();
  for (const [i, endpoint] of endpoints.entries()) {
    const sampled = i % SAMPLED === SAMPLED - 1;
    const beforeCheck = performance.now();
    if (sampled) await expectAnswer(host, endpoint, true);
    const begin = performance.now();
    await detach(endpoint);
    const end = performance.now();
    times.push(end - begin);
    if (sampled) await expectAnswer(host, endpoint, false);
    checking += begin - beforeCheck + (performance.now() - end);
  }
  while (host.remains() > 0) await sleep(1);
  const gone = (performance.now() - start - checking) / N;
  for (const endpoint of network.endpoints()) await endpoint.delete();
  return { each: median(times), gone };
}

async function expectAnswer(
  { namespace }: BenchHost,
  { name, ipv4 = "" }: Endpoint,
  wanted: boolean,
): Promise<void> {
  const [address = ""] = ipv4.split("/");
  if ((await answers(namespace, address, wanted ? 1000 : PATIENCE)) !== wanted) {
    throw new Error(`${name} ${wanted ? "does not answer" : "still answers"} at ${address}`);
  }
}

/** How long the event loop is held while containers come to a network: alone, and while another network's go. */
async function stallsWhile(host: BenchHost, going: Network, coming: Network): Promise<Stalls> {
  const alone = await stallWhile(host, coming, "alone", () => sleep(500));
  const endpoints = await attachAll(host, going, "busy");
  await sleep(1000);
  const last = endpoints.at(-1);
  const meanwhile = await stallWhile(host, coming, "meanwhile", async () => {
    for (const endpoint of endpoints) {
      await leaveAndDelete(endpoint);
      await nextTurn();
    }
    // The reaper takes one after the other; a list of all links would hold up the event loop by itself.
    while (last !== undefined && host.hasLinkOf(last)) await sleep(1);
  });
  return { stall: meanwhile.stall, attach: meanwhile.attach, alone: alone.stall };
}

/** Containers come to a network, one after the other, until something else is over. */
async function stallWhile(
  { controller }: BenchHost,
  network: Network,
  prefix: string,
  action: () => Promise<unknown>,
): Promise<{ stall: number; attach: number }> {
  let over = false;
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  const attaching = (async () => {
    let longest = 0;
    for (let i = 0; !over; i++) {
      const begin = performance.now();
      await controller.attach(network, { containerId: `${prefix}${i}` });
      longest = Math.max(longest, performance.now() - begin);
      await sleep(1);
    }
    return longest;
  })();
  delay.enable();
  await action();
  delay.disable();
  over = true;
  return { stall: delay.max / 1e6 - RESOLUTION, attach: await attaching };
}
