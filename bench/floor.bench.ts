// The kernel's own price of attaching and detaching, measured in C: what the other benches are held against.

import type { Figure } from "./lib/bench.ts";
import { type FloorTimes, measureFloor } from "./lib/floor.ts";

export const description = "the kernel's floor in C: attach and detach without any of us (no bars)";

export async function run(): Promise<Figure[]> {
  const floor = measureFloor();
  return [
    ...figures("attach", floor.attach),
    ...figures("attach, namespace already there", floor.attach_in_existing_netns),
    ...figures("detach, link deleted", floor.detach_link),
    ...figures("detach, namespace let go", floor.drop_netns),
  ];
}

function figures(name: string, { p50, p95 }: FloorTimes): Figure[] {
  return [
    { name: `${name}, median`, value: p50, unit: "us" },
    { name: `${name}, p95`, value: p95, unit: "us" },
  ];
}
