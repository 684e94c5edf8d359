/**
 * The doctor: looks at everything, and mends what is ours.
 */
import { setImmediate } from "node:timers/promises";
import type { HealthItem, HealthSubject } from "../../contracts/health.ts";
import type { Engine } from "../engine.ts";
import { subjectKey } from "./subject-health.ts";
import { inspectSubject, mendSubject } from "./subjects.ts";

/** What is not as it should be, at one time. Plain data. */
export interface Health {
  /** There are no items, but for what is kept. */
  readonly ok: boolean;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly items: readonly HealthItem[];
}

/** What a repair did, and what it could not. Plain data. */
export interface Repair {
  readonly mended: readonly HealthItem[];
  readonly left: readonly HealthItem[];
}

export async function inspectHealth(engine: Engine): Promise<Health> {
  const items: HealthItem[] = [];
  for (const subject of subjectsOf(engine)) {
    items.push(...(await inspectSubject(engine, subject)));
    // Half a millisecond an endpoint: the event loop gets its turn.
    await setImmediate();
  }
  return { ok: items.every(isKept), time: Date.now(), items };
}

export async function repair(engine: Engine): Promise<Repair> {
  const before = await inspectHealth(engine);
  let left: readonly HealthItem[] = before.items;
  // What is mended may show what was behind it; where nothing more is mended, it ends.
  for (let keys = before.items.map(itemKey).sort().join(); left.some(({ repairable }) => repairable); ) {
    const tried = await mendAll(engine, left);
    const { items } = await inspectHealth(engine);
    left = items.map((item) => tried.get(itemKey(item)) ?? item);
    const now = left.map(itemKey).sort().join();
    if (now === keys) break;
    keys = now;
  }
  const stays = new Set(left.map(itemKey));
  return {
    mended: before.items.filter((item) => !isKept(item) && !stays.has(itemKey(item))),
    left: left.filter((item) => !isKept(item)),
  };
}

/** Answers with what is left of the subjects that had something repairable: it says why. */
async function mendAll(
  engine: Engine,
  items: readonly HealthItem[],
): Promise<ReadonlyMap<string, HealthItem>> {
  const subjects = items.filter(({ repairable }) => repairable).map(({ subject }) => subject);
  const left = new Map<string, HealthItem>();
  for (const subject of new Map(subjects.map((one) => [subjectKey(one), one])).values()) {
    for (const item of await mendSubject(engine, subject)) left.set(itemKey(item), item);
  }
  return left;
}

/** In the order in which they are mended: what others stand on comes first. */
function subjectsOf({ networks, sandboxes, endpoints, unrestored }: Engine): readonly HealthSubject[] {
  const named = (kind: "network" | "sandbox" | "endpoint", all: Iterable<{ id: string; name: string }>) => {
    const there = [...all].map(({ id, name }) => ({ kind, id, name }));
    const known = new Set(there.map(({ id }) => id));
    const failed = [...unrestored.values()].filter(
      (problem) => problem.kind === kind && !known.has(problem.id),
    );
    return [...there, ...failed.map(({ id, name }) => ({ kind, id, name }))];
  };
  return [
    { kind: "store" },
    { kind: "firewall" },
    { kind: "host" },
    ...named("network", networks),
    ...named("endpoint", endpoints.values()),
    ...named("sandbox", sandboxes),
  ];
}

function isKept({ nature }: HealthItem): boolean {
  return nature === "kept";
}

/** The message may count what has become less, or say why it could not be mended. */
function itemKey({ code, subject }: HealthItem): string {
  return `${code} ${subjectKey(subject)}`;
}
