/**
 * The store, as far as it can tell.
 */
import type { SubjectHealth } from "./subject-health.ts";

export const storeHealth: SubjectHealth = {
  keys: () => [],
  inspect: ({ parts: { store } }) => store.inspect?.() ?? [],
  mend: () => undefined,
};
