/**
 * Tables that lead ports of services to their members: the host's, and that of the sandbox that holds the ports.
 */
import type { HealthItem, HealthSubject } from "../../contracts/health.ts";
import type { Engine } from "../engine.ts";
import type { SandboxCore } from "../sandbox-core.ts";

const code = "service_ports_altered";

/** @param sandbox undefined: the host's table */
export function inspectIngress(
  { global }: Engine,
  subject: HealthSubject,
  sandbox?: SandboxCore,
): readonly HealthItem[] {
  const message = global?.ingress.obstacle(sandbox);
  if (message === undefined) return [];
  return [{ code, nature: "altered", subject, message, mend: "call repair()", repairable: true }];
}

export function mendIngress({ global }: Engine, items: readonly HealthItem[]): void {
  if (items.some((item) => item.code === code)) global?.ingress.leadAgain();
}
