// Endpoints that join and leave on many hosts, at random, for minutes: what the kernels of all hosts have a second later, and whether
// those that stay reach each other all the while.

import { randomInt } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Attachment, Network } from "@causeway/libnetwork";
import { wrongEntries } from "../test/support/overlay-tables.ts";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { BenchCluster, openNamespace } from "./lib/cluster.ts";
import type { BenchHost } from "./lib/host.ts";

export const description =
  "8 hosts, 400 endpoints that join and leave at random: tables right a second later, no ping lost";

const HOSTS = 8;
const ENDPOINTS = 400;
const SECONDS = 120;
/** Between pings of those who stay. */
const PING_SECONDS = 0.1;

interface Place {
  readonly host: BenchHost;
  readonly network: Network;
  /** Of those that come and go. */
  readonly present: Attachment[];
  readonly resident: Attachment;
}

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using cluster = await BenchCluster.open(HOSTS);
  const networks = await cluster.newNetwork("bench", "10.77.0.0/16");
  const places: Place[] = [];
  for (const [at, host] of cluster.hosts.entries()) {
    const network = networks[at];
    if (network === undefined) throw new Error("every host has the network");
    const resident = await host.controller.attach(network, { containerId: "resident" });
    places.push({ host, network, present: [], resident });
  }
  await sleep(1000);
  const pings = places.map((place, at) => ping(place, places[(at + 1) % HOSTS]));
  log(`${ENDPOINTS} endpoints join`);
  let number = 0;
  const join = async ({ host, network, present }: Place) => {
    present.push(await host.controller.attach(network, { containerId: `c${number++}` }));
  };
  const leave = async ({ present }: Place) => {
    const [going] = present.splice(randomInt(present.length), 1);
    await going?.sandbox.delete({ endpoints: "delete" });
  };
  const each = ENDPOINTS / HOSTS;
  await Promise.all(
    places.map(async (place) => {
      for (let count = 0; count < each; count++) await join(place);
    }),
  );
  log(`they leave, and others join, for ${SECONDS} s`);
  const ends = performance.now() + SECONDS * 1000;
  let changes = 0;
  await Promise.all(
    places.map(async (place) => {
      while (performance.now() < ends) {
        const isLeaving = place.present.length > 0 && randomInt(2 * each) < place.present.length;
        await (isLeaving ? leave(place) : join(place));
        changes++;
      }
    }),
  );
  await sleep(1000);
  const wrong = places.reduce((sum, place) => sum + wrongOn(place, places), 0);
  for (const { stop } of pings) stop();
  const heard = await Promise.all(pings.map(({ report }) => report));
  return [
    { name: "joins and leaves", value: changes / SECONDS, unit: "1/s" },
    { name: "wrong entries, 1 s later", value: wrong, unit: "", bar: { atMost: 0 } },
    { name: "pings", value: heard.reduce((sum, { sent }) => sum + sent, 0), unit: "" },
    {
      name: "pings lost",
      value: heard.reduce((sum, { lost }) => sum + lost, 0),
      unit: "",
      bar: { atMost: 0 },
    },
  ];
}

/** From one place's resident to another's, until it is stopped. */
function ping(from: Place, to: Place | undefined) {
  using namespace = openNamespace(from.resident.sandbox);
  const address = addressOf(to?.resident);
  const child = namespace.spawn("ping", ["-n", "-q", "-i", String(PING_SECONDS), address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.stdout === null) throw new Error("ping has no standard output");
  return { stop: () => child.kill("SIGINT"), report: text(child.stdout).then(understood) };
}

function understood(report: string) {
  const [, sent = 0, received = 0] = (/(\d+) packets transmitted, (\d+) received/.exec(report) ?? []).map(
    Number,
  );
  // One that was under way when it was stopped is not lost.
  return { sent, lost: Math.max(0, sent - received - 1) };
}

function addressOf(attachment: Attachment | undefined): string {
  return attachment?.endpoint.info().ipv4?.split("/")[0] ?? "";
}

/** Of a host's tables, held against who is on all the others. */
function wrongOn(place: Place, places: readonly Place[]): number {
  const elsewhere = places.flatMap(({ present, resident }, at) =>
    [resident, ...present].map(({ endpoint }) => {
      const { mac, ipv4 = "" } = endpoint.info();
      return { mac, ipv4: ipv4.slice(0, ipv4.indexOf("/")), hostAddress: `192.0.2.${at + 1}` };
    }),
  );
  const own = `192.0.2.${places.indexOf(place) + 1}`;
  const others = elsewhere.filter(({ hostAddress }) => hostAddress !== own);
  return wrongEntries(place.host.options.runDir, place.network, others);
}
