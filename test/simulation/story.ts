// What happens to a simulated cluster, one thing after the other, and what is measured of it.

import { setTimeout as sleep } from "node:timers/promises";
import type { Figure } from "../../bench/lib/bench.ts";
import { type Etcd, startEtcd } from "../support/etcd.ts";
import { type AllDone, Holders } from "./holders.ts";
import type { Size } from "./plan.ts";

/** What a process does at a time: many hosts come at once, and each makes one endpoint after the other. */
const atOnce = 16;
/** Of each host's endpoints, so many leave and are replaced. */
const replaced = 0.1;
/** When etcd is killed, milliseconds after replacing began. */
const shortly = 300;
/** How long tables may be wrong after the last change, milliseconds. */
const patience = 120_000;

export async function simulate(size: Size, log: (message: string) => void): Promise<readonly Figure[]> {
  await using cleaning = new AsyncDisposableStack();
  const after = (clean: () => unknown) => cleaning.defer(async () => void (await clean()));
  const etcd = await startEtcd({ after });
  await using holders = new Holders(size, etcd.urls);
  const { hosts, networks, endpointsPerHost } = size;
  const endpoints = hosts * endpointsPerHost;
  log(`${hosts} hosts come`);
  const registered = await holders.tell({ do: "register", atOnce });
  log(`${networks} networks are made`);
  const made = await holders.tell({ do: "make networks", atOnce: 4 });
  log(`${endpoints} endpoints join`);
  const joined = await holders.tell({ do: "join", each: endpointsPerHost, atOnce });
  const settled = await holders.settle(patience);
  const others = Math.ceil(endpointsPerHost * replaced);
  log(`${hosts * others} leave, and as many join`);
  const churned = await holders.tell({ do: "replace", each: others, atOnce });
  const settledAgain = await holders.settle(patience);
  log("the same, while etcd is killed and comes again");
  const disturbed = holders.tell({ do: "replace", each: others, atOnce });
  await sleep(shortly);
  for (const member of etcd.members) {
    await member.kill();
    await member.start();
  }
  const back = await disturbed;
  const settledAfter = await holders.settle(patience);
  const rate = (count: number, { took }: AllDone) => (count / took) * 1000;
  const told = (name: string, { told }: AllDone): Figure[] => [
    { name: `${name}, until others' tables had it, p50`, value: at(told, 0.5), unit: "ms" },
    { name: `${name}, until others' tables had it, p99`, value: at(told, 0.99), unit: "ms" },
  ];
  const right = (name: string, { took, sight }: AllDone): Figure[] => [
    { name: `${name}, until all tables were right`, value: took, unit: "ms" },
    { name: `${name}, wrong entries`, value: sight.wrong, unit: "", bar: { atMost: 0 } },
  ];
  return [
    { name: "hosts come", value: rate(hosts, registered), unit: "1/s" },
    { name: "networks are made", value: rate(networks, made), unit: "1/s" },
    { name: "joins", value: rate(endpoints, joined), unit: "1/s" },
    ...told("joins", joined),
    ...right("joins", settled),
    { name: "entries in all hosts' tables", value: settled.sight.entries, unit: "" },
    { name: "replacements", value: rate(hosts * others, churned), unit: "1/s" },
    ...told("replacements", churned),
    ...right("replacements", settledAgain),
    { name: "over a crash of etcd, replacements", value: rate(hosts * others, back), unit: "1/s" },
    { name: "over a crash of etcd, joins refused meanwhile", value: back.refused, unit: "" },
    ...right("over a crash of etcd", settledAfter),
    { name: "of each host, resident", value: settled.sight.resident / hosts / 1e6, unit: "MB" },
    { name: "etcd's database", value: (await databaseBytes(etcd)) / 1e6, unit: "MB" },
  ];
}

function at(ascending: readonly number[], share: number): number {
  return ascending[Math.floor((ascending.length - 1) * share)] ?? Number.NaN;
}

async function databaseBytes(etcd: Etcd): Promise<number> {
  return Number((await etcd.ask("/v3/maintenance/status", {})).dbSize);
}
