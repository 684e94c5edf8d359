/**
 * The doctor: looks at everything, and mends what is ours.
 */
import type { HealthItem, HealthSubject } from "../../contracts/health.ts";
import type { Engine } from "../engine.ts";
import { inspectSubject, mendSubject } from "./subjects.ts";

/** What is not as it should be, at one time. Plain data. */
export interface Health {
  /** There are no items. */
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
  for (const subject of subjectsOf(engine)) items.push(...(await inspectSubject(engine, subject)));
  return { ok: items.length === 0, time: Date.now(), items };
}

export async function repair(engine: Engine): Promise<Repair> {
  const before = await inspectHealth(engine);
  const subjects = before.items.filter(({ repairable }) => repairable).map(({ subject }) => subject);
  const distinct = new Map(subjects.map((subject) => [subjectKey(subject), subject]));
  const left: HealthItem[] = before.items.filter(({ subject }) => !distinct.has(subjectKey(subject)));
  for (const subject of distinct.values()) left.push(...(await mendSubject(engine, subject)));
  const stays = new Set(left.map(itemKey));
  return { mended: before.items.filter((item) => !stays.has(itemKey(item))), left };
}

/** In the order in which they are mended: what others stand on comes first. */
function subjectsOf({ networks, sandboxes, endpoints }: Engine): readonly HealthSubject[] {
  const named = (kind: "network" | "sandbox" | "endpoint", all: Iterable<{ id: string; name: string }>) =>
    [...all].map(({ id, name }) => ({ kind, id, name }));
  return [
    { kind: "store" },
    { kind: "firewall" },
    { kind: "host" },
    ...named("network", networks),
    ...named("endpoint", endpoints.values()),
    ...named("sandbox", sandboxes),
  ];
}

function subjectKey(subject: HealthSubject): string {
  return "id" in subject ? `${subject.kind} ${subject.id}` : subject.kind;
}

const itemKey = ({ code, subject }: HealthItem) => `${code} ${subjectKey(subject)}`;
