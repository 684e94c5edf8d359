/**
 * What this process may do: capabilities(7).
 */

import { UnsupportedFeatureError } from "./errors.ts";
import { files } from "./files.ts";

/** linux/capability.h: those that networking takes. */
const numbers = {
  CAP_NET_BIND_SERVICE: 10n,
  CAP_NET_ADMIN: 12n,
  CAP_NET_RAW: 13n,
  CAP_SYS_ADMIN: 21n,
} as const;

export type Capability = keyof typeof numbers;

/** The calling thread's effective set, a bit a capability. */
function effective(): bigint {
  const status = files.readFileSync("/proc/thread-self/status", "utf8");
  return BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
}

export function hasCapability(capability: Capability): boolean {
  return ((effective() >> numbers[capability]) & 1n) === 1n;
}

/** Throws UnsupportedFeatureError that names those which are missing, and how to come by them. */
export function requireCapabilities(...wanted: readonly Capability[]): void {
  const missing = wanted.filter((capability) => !hasCapability(capability));
  if (missing.length === 0) return;
  const names = missing.join(" and ");
  if (process.geteuid?.() !== 0) {
    throw new UnsupportedFeatureError(names, `run this as root, or give the process ${names}`);
  }
  const options = missing.map((capability) => `--cap-add ${capability.slice("CAP_".length)}`).join(" ");
  throw new UnsupportedFeatureError(
    names,
    `this is root without it; start its container with ${options}, or its systemd unit with it in CapabilityBoundingSet=`,
  );
}
