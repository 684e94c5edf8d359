// The kernel's floor: the same work in C (../floor.c), run beside a bench, in its own namespace.

import { execFileSync } from "node:child_process";
import { compiled } from "./compile.ts";

/** Of one operation, microseconds. */
export interface FloorTimes {
  readonly p50: number;
  readonly p95: number;
  readonly mean: number;
}

/** What floor.c measures. */
export interface Floor {
  /** How many it attached. */
  readonly n: number;
  /** A namespace made and bound, a veth pair onto a bridge, addresses, up, default route. */
  readonly attach: FloorTimes;
  /** The same in a namespace that was there. */
  readonly attach_in_existing_netns: FloorTimes;
  /** One RTM_DELLINK and the namespace let go. */
  readonly detach_link: FloorTimes;
  /** Only the namespace let go. */
  readonly drop_netns: FloorTimes;
}

/**
 * The files that namespaces are bound to are in memory, as the product's are. The program is opened before: it may lie
 * below /tmp itself.
 */
const IN_MEMORY = `exec 3<"$1"; shift; mount -t tmpfs floor /tmp; exec /proc/self/fd/3 "$@"`;

/**
 * Runs the floor in a fresh network and mount namespace.
 *
 * @param n endpoints to attach, 2 to 1000
 * @throws Error when there is no C compiler (`sh scripts/setup bench` brings one) or the program fails
 */
export function measureFloor(n = 200): Floor {
  const command = ["--net", "--mount", "sh", "-ec", IN_MEMORY, "sh", compiled("floor"), String(n)];
  return JSON.parse(execFileSync("unshare", command, { encoding: "utf8" })) as Floor;
}
