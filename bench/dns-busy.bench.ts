// How long an answer takes while the controller is busy: sandboxes are attached, and torn down.

import type { BenchContext, Figure } from "./lib/bench.ts";
import { type Place, type Times, timesOf } from "./lib/dns.ts";
import { BenchHost } from "./lib/host.ts";
import { median } from "./lib/stats.ts";

export const description =
  "the time of an answer while 200 sandboxes are attached and torn down, against that of an idle controller";

const SANDBOXES = 200;
const TURNS = 3;
/** One after the other, when nothing else is done. */
const QUESTIONS = 40_000;

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using host = await BenchHost.open({ resolver: true });
  const { controller } = host;
  const network = await controller.newNetwork("bridge", "bench", {
    ipam: { config: [{ subnet: "10.44.0.0/16" }] },
  });
  const { sandbox } = await controller.attach(network, { containerId: "asker" });
  await controller.attach(network, { containerId: "asked" });
  const place: Place = { netns: sandbox.netnsPath, names: ["asked"] };
  const attachAndTearDown = async () => {
    const attached = [];
    for (let i = 0; i < SANDBOXES; i++) {
      attached.push(await controller.attach(network, { containerId: `other${i}` }));
    }
    for (const { sandbox } of attached) await sandbox.delete({ endpoints: "delete" });
  };
  await timesOf(place, QUESTIONS);
  const [idle, busy]: [Times[], Times[]] = [[], []];
  for (let turn = 1; turn <= TURNS; turn++) {
    idle.push(await timesOf(place, QUESTIONS));
    busy.push(await timesOf(place, attachAndTearDown()));
    const [still, other] = [idle.at(-1), busy.at(-1)];
    log(`turn ${turn} of ${TURNS}: p99 ${still?.p99} us idle, ${other?.p99} us busy`);
  }
  const of = (times: readonly Times[], which: "p50" | "p99") => median(times.map((one) => one[which]));
  const ratios = busy.map(({ p99 }, turn) => p99 / (idle[turn]?.p99 ?? Number.NaN));
  return [
    { name: "idle, p50", value: of(idle, "p50"), unit: "us" },
    { name: "idle, p99", value: of(idle, "p99"), unit: "us" },
    { name: "busy, p50", value: of(busy, "p50"), unit: "us" },
    { name: "busy, p99", value: of(busy, "p99"), unit: "us" },
    { name: "p99, busy / idle", value: median(ratios), unit: "x", bar: { atMost: 2 } },
    { name: "lost", value: busy.reduce((sum, { lost }) => sum + lost, 0), unit: "", bar: { atMost: 0 } },
  ];
}
