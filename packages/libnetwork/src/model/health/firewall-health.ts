/**
 * The packet filter's tables. They are compared and written in one go, between which nothing of ours happens: no lock is needed.
 */
import type { SubjectHealth } from "./subject-health.ts";

export const firewallHealth: SubjectHealth = {
  keys: () => [],
  inspect: ({ parts: { firewall } }) => firewall.inspect(),
  mend: ({ parts: { firewall } }) => firewall.install(),
};
