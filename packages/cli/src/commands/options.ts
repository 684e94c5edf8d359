/**
 * Values of options, as several commands read them.
 */
import { usageError } from "../errors.ts";

/** For an option that may be given more than once. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `a=1` and `b`, which is as good as `b=`. */
export function pairs(given: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(given.map(pair));
}

function pair(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** The same, where a name alone says nothing. */
export function strictPairs(option: string, given: readonly string[] = []): Readonly<Record<string, string>> {
  for (const text of given)
    if (!/^[^=]+=/.test(text)) throw usageError(`${option} "${text}" is not of the form name=value`);
  return pairs(given);
}

export function wholeNumber(text: string): number {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw usageError(`"${text}" is no whole number`);
}

/** How long: `10s`, `1m30s`, `500ms`. */
export function milliseconds(text: string): number {
  const time = text === "0" ? 0 : durationOf(text);
  if (time !== undefined) return Math.round(time);
  throw usageError(`"${text}" is no time: write how long, as 10s or 500ms`);
}

/** Nothing where nothing was given: requests say what is wanted and no more. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const present = Object.entries(values).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(present) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** What Docker's time options take: a time, a Unix time in seconds, or how long ago (`10m`, `1h30m`). Milliseconds since the epoch. */
export function timeOf(text: string, now = Date.now()): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const ago = durationOf(text);
  if (ago !== undefined) return now - ago;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw usageError(
    `"${text}" is no time: write 2026-11-25T12:00:00, seconds since 1970, or how long ago, as 10m`,
  );
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationOf(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g);
  return [...parts].reduce((sum, [, count, unit = "s"]) => sum + Number(count) * (units[unit] ?? 0), 0);
}
