/**
 * How full the kernel's table of connections is.
 */
import { isKernelError, readSysctl } from "@causeway/kernel";
import type { HealthItem } from "../contracts/health.ts";

/** Above this part of it the next burst fills it, and new connections are dropped. */
const nearlyFull = 0.9;

/** In the host's namespace. */
export function inspectConnectionTable(): readonly HealthItem[] {
  const count = read("net/netfilter/nf_conntrack_count");
  const limit = read("net/netfilter/nf_conntrack_max");
  return count === undefined || limit === undefined ? [] : tableItems(count, limit);
}

export function tableItems(count: number, limit: number): readonly HealthItem[] {
  // 0: as many as there is memory for.
  if (limit === 0 || count < limit * nearlyFull) return [];
  return [
    {
      code: "connection_table_full",
      nature: "host",
      subject: { kind: "host" },
      message: `the kernel tracks ${count} connections of at most ${limit}: when the table is full, new ones are dropped`,
      mend: `raise the limit: "sysctl -w net.netfilter.nf_conntrack_max=${limit * 2}"`,
      repairable: false,
    },
  ];
}

/** Undefined where the kernel does not say. */
function read(key: string): number | undefined {
  try {
    return Number(readSysctl(key));
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}
