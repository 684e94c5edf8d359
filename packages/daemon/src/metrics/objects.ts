/**
 * What there is, and what the controller has done.
 */
import type { ControllerStatistics, Tallied } from "@causeway/libnetwork";
import { Gauge, type Registry } from "prom-client";
import type { DaemonParts } from "../parts.ts";
import { counter, gauge } from "./gauges.ts";

const containerStates = ["created", "running", "exited"] as const;

const objects = {
  networks: ["causeway_networks", "Networks."],
  endpoints: ["causeway_endpoints", "Endpoints."],
  joined: ["causeway_endpoints_joined", "Endpoints that are in a sandbox."],
  sandboxes: ["causeway_sandboxes", "Sandboxes."],
  lost: ["causeway_sandboxes_lost", "Sandboxes whose namespace is gone."],
  unrestored: ["causeway_unrestored", "Records that could not be taken up at the start."],
  reaperQueue: ["causeway_reaper_queue", "Links, namespaces and connections that are to be done away with."],
} as const satisfies Partial<Record<keyof ControllerStatistics, readonly [name: string, help: string]>>;

export function countObjects(
  { controller, containers }: Pick<DaemonParts, "controller" | "containers">,
  registry: Registry,
): void {
  const now = () => controller.statistics();
  for (const [field, [name, help]] of Object.entries(objects))
    gauge(registry, name, help, () => now()[field as keyof typeof objects]);
  tallied(registry, "causeway_nft_transactions", "Transactions of nftables", () => now().nftTransactions);
  tallied(registry, "causeway_store_commits", "Durable transactions of the store", () => now().storeCommits);
  new Gauge({
    name: "causeway_containers",
    help: "Containers, by state.",
    labelNames: ["state"] as const,
    registers: [registry],
    collect() {
      const byState = Object.groupBy(containers.list(), ({ state }) => state);
      for (const state of containerStates) this.set({ state }, byState[state]?.length ?? 0);
    },
  });
}

function tallied(registry: Registry, name: string, what: string, read: () => Tallied): void {
  counter(registry, `${name}_total`, `${what}.`, () => read().count);
  counter(registry, `${name}_failed_total`, `${what} that were refused.`, () => read().failed);
  counter(registry, `${name}_seconds_total`, `${what}: how long they took in all.`, () => read().seconds);
}
