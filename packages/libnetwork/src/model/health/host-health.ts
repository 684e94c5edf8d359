/**
 * Conditions of the machine: what is ours to mend among them, its drivers say.
 */
import type { SubjectHealth } from "./subject-health.ts";

export const hostHealth: SubjectHealth = {
  keys: () => [],
  inspect: ({ parts: { firewall } }) => firewall.inspectForeign(),
  mend: () => undefined,
};
