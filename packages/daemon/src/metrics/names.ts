/**
 * Questions for names: what the resolver's thread has counted.
 */
import type { NetworkController, ResolverCounts } from "@causeway/libnetwork";
import type { Registry } from "prom-client";
import { counter } from "./gauges.ts";

const counters = {
  questions: ["questions", "Questions that sandboxes asked."],
  found: ["found", "Questions that were answered by names of networks and extra hosts."],
  private: ["private", "Questions that nobody outside is asked."],
  cached: ["cached", "Questions that were answered by what other name servers had said before."],
  refused: ["refused", "Questions beyond what may wait."],
  asked: ["server_tries", "Questions to other name servers, each try."],
  silent: ["server_timeouts", "Tries that ended without an answer in time."],
  unreachable: ["server_unreachable", "Tries that could not be sent."],
  broken: ["server_broken", "Tries whose answer was not whole."],
  strange: ["ignored", "Messages to the resolver that were no answers to what it had asked."],
} as const satisfies Readonly<Record<keyof ResolverCounts, readonly [name: string, help: string]>>;

/** Nothing is told where names are not answered. */
export function countNames(controller: NetworkController, registry: Registry): void {
  if (controller.statistics().names === undefined) return;
  for (const [field, [name, help]] of Object.entries(counters))
    counter(
      registry,
      `causeway_dns_${name}_total`,
      help,
      () => controller.statistics().names?.[field as keyof ResolverCounts] ?? 0,
    );
}
