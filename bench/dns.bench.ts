// Names of containers, asked for from within one: our resolver and the one of Debian's dockerd, asked in turns.

import { Dockerd } from "../test/support/dockerd.ts";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { type Load, load, type Place, type Times, timesOf } from "./lib/dns.ts";
import { BenchHost } from "./lib/host.ts";
import { median } from "./lib/stats.ts";

export const description = "questions a second and the time of an answer by UDP and TCP, against dockerd";

const TURNS = 5;
/** One after the other. */
const QUESTIONS = 20_000;

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using dockerd = await Dockerd.start();
  await using host = await BenchHost.open({ resolver: true });
  const [us, docker] = [new Measured(await ourPlace(host)), new Measured(await dockersPlace(dockerd))];
  for (let turn = 1; turn <= TURNS; turn++) {
    // The other way round each second time.
    for (const one of turn % 2 === 0 ? [us, docker] : [docker, us]) await one.measure();
    log(`turn ${turn} of ${TURNS}: ${us.last}; dockerd ${docker.last}`);
  }
  const questions = (protocol: "udp" | "tcp", atLeast: number): Figure[] => {
    const [ours, theirs] = [us.rates(protocol), docker.rates(protocol)];
    // Turn by turn: what else the machine does changes meanwhile.
    const times = ours.map((rate, turn) => rate / (theirs[turn] ?? Number.NaN));
    const name = protocol.toUpperCase();
    return [
      { name: `${name}, ours`, value: median(ours), unit: "1/s" },
      { name: `${name}, dockerd`, value: median(theirs), unit: "1/s" },
      { name: `${name}, times as many`, value: median(times), unit: "x", bar: { atLeast } },
      { name: `${name}, lost of ours`, value: us.lost(protocol), unit: "", bar: { atMost: 0 } },
    ];
  };
  const waiting = (which: "p50" | "p99"): Figure[] => {
    const [ours, theirs] = [us.time(which), docker.time(which)];
    return [
      { name: `one after the other, ${which}, ours`, value: ours, unit: "us", bar: { atMost: theirs } },
      { name: `one after the other, ${which}, dockerd`, value: theirs, unit: "us" },
    ];
  };
  return [...questions("udp", 3), ...questions("tcp", 20), ...waiting("p50"), ...waiting("p99")];
}

async function ourPlace({ controller }: BenchHost): Promise<Place> {
  const network = await controller.newNetwork("bridge", "bench");
  const { sandbox } = await controller.attach(network, { containerId: "asker" });
  await controller.attach(network, { containerId: "asked" });
  return { netns: sandbox.netnsPath, names: ["asked"] };
}

async function dockersPlace(dockerd: Dockerd): Promise<Place> {
  await dockerd.docker("network", "create", "bench");
  for (const name of ["asker", "asked"]) {
    await dockerd.docker("run", "--detach", `--name=${name}`, "--network=bench", "box", "sleep", "3600");
  }
  const pid = await dockerd.docker("inspect", "--format={{.State.Pid}}", "asker");
  return { netns: `/proc/${pid}/ns/net`, names: ["asked"] };
}

/** What was measured at a place, turn by turn. */
class Measured {
  readonly #place: Place;
  readonly #loads = { udp: [] as Load[], tcp: [] as Load[] };
  readonly #times: Times[] = [];

  constructor(place: Place) {
    this.#place = place;
  }

  async measure(): Promise<void> {
    for (const protocol of ["udp", "tcp"] as const) {
      this.#loads[protocol].push(await load(this.#place, { protocol }));
    }
    this.#times.push(await timesOf(this.#place, QUESTIONS));
  }

  rates(protocol: "udp" | "tcp"): number[] {
    return this.#loads[protocol].map(({ rate }) => rate);
  }

  lost(protocol: "udp" | "tcp"): number {
    return this.#loads[protocol].reduce((sum, { lost }) => sum + lost, 0);
  }

  time(which: "p50" | "p99"): number {
    return median(this.#times.map((times) => times[which]));
  }

  /** Of the last turn. */
  get last(): string {
    const [udp, tcp] = [this.#loads.udp.at(-1)?.rate ?? 0, this.#loads.tcp.at(-1)?.rate ?? 0];
    const { p50 = 0, p99 = 0 } = this.#times.at(-1) ?? {};
    return `${udp.toFixed(0)} by UDP, ${tcp.toFixed(0)} by TCP, ${p50.toFixed(1)} and ${p99.toFixed(1)} us`;
  }
}
