// The kernel's floor: the same work in C (../floor.c), compiled when needed and run beside a bench, in its own namespace.

import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";

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

const SOURCE = join(import.meta.dirname, "../floor.c");
const PROGRAM = join(import.meta.dirname, "../.cache/floor");

/**
 * Runs the floor in a fresh network and mount namespace.
 *
 * @param n endpoints to attach, 2 to 1000
 * @throws Error when there is no C compiler (`sh scripts/setup bench` brings one) or the program fails
 */
export function measureFloor(n = 200): Floor {
  compile();
  const answer = execFileSync("unshare", ["--net", "--mount", PROGRAM, String(n)], { encoding: "utf8" });
  return JSON.parse(answer) as Floor;
}

function compile(): void {
  if ((statSync(PROGRAM, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= statSync(SOURCE).mtimeMs) return;
  mkdirSync(join(PROGRAM, ".."), { recursive: true });
  execFileSync("cc", ["-O2", "-o", PROGRAM, SOURCE], { stdio: ["ignore", "inherit", "inherit"] });
}
