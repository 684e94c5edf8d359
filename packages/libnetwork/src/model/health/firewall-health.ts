/**
 * The packet filter's tables, and the host's own that leads ports of services on. They are compared and written in one go, between which nothing of
 * ours happens: no lock is needed.
 */
import { inspectIngress, mendIngress } from "./ingress-health.ts";
import type { SubjectHealth } from "./subject-health.ts";

export const firewallHealth: SubjectHealth = {
  keys: () => [],
  inspect: (engine, subject) => [...engine.parts.firewall.inspect(), ...inspectIngress(engine, subject)],
  mend(engine, _subject, items) {
    engine.parts.firewall.install();
    mendIngress(engine, items);
  },
};
