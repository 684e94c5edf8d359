/**
 * Counters of two moments as rates. Pure.
 */
import type { SandboxStatistics } from "@causeway/daemon/api";

export interface Sample {
  /** Milliseconds. */
  readonly time: number;
  readonly sandboxes: readonly SandboxStatistics[];
}

/** One interface at the moment; rates a second, undefined at the first look and for who came since. */
export interface Traffic {
  readonly container: string;
  readonly interface: string;
  readonly rxBytes: bigint;
  readonly txBytes: bigint;
  readonly rxPackets: bigint;
  readonly txPackets: bigint;
  readonly faults: bigint;
  readonly rxRate: number | undefined;
  readonly txRate: number | undefined;
}

export function trafficOf(now: Sample, before?: Sample): readonly Traffic[] {
  const seconds = before === undefined ? 0 : (now.time - before.time) / 1000;
  return now.sandboxes.flatMap(({ sandbox, name: container, interfaces }) => {
    const earlier = before?.sandboxes.find((other) => other.sandbox === sandbox)?.interfaces;
    return Object.entries(interfaces).map(([name, counters]) => {
      const count = (field: keyof typeof counters) => BigInt(counters[field]);
      const rate = (field: "rxBytes" | "txBytes") => {
        const past = earlier?.[name]?.[field];
        if (past === undefined || seconds <= 0) return undefined;
        // An interface that was made anew counts from nothing.
        return Math.max(0, Number(count(field) - BigInt(past)) / seconds);
      };
      return {
        container,
        interface: name,
        rxBytes: count("rxBytes"),
        txBytes: count("txBytes"),
        rxPackets: count("rxPackets"),
        txPackets: count("txPackets"),
        faults: count("rxErrors") + count("txErrors") + count("rxDropped") + count("txDropped"),
        rxRate: rate("rxBytes"),
        txRate: rate("txBytes"),
      };
    });
  });
}

const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/** With three digits that count, by thousands: 1.23MB. */
export function bytesText(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : Number(value.toPrecision(3))}${units[unit]}`;
}
