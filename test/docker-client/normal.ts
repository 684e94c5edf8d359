// Outputs without what differs by nature: ids, times, MACs, the order of fields.

import type { Outcome } from "./client.ts";

/** One text of all that a command told. */
export function normal({ code, stdout, stderr }: Outcome): string {
  return [`exit ${code}`, told(stdout), told(stderr)].filter((text) => text !== "").join("\n");
}

/** The same without regard to the order of the lines, where the daemon has none. */
export function unordered(text: string): string {
  return text.split("\n").sort().join("\n");
}

function told(text: string): string {
  return jsonOf(text.trim())
    .replaceAll(/\b[0-9a-f]{64}\b/g, "<id>")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "<id>")
    .replaceAll(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, "<mac>")
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| [+-]\d{4} [A-Z]+)?/g, "<time>")
    .replaceAll(/(?:Less than a second|About a minute|\d+ (?:second|minute)s?)(?: ago)?/g, "<while>")
    .replaceAll(/ {2,}/g, "  ")
    .replaceAll(/[ \t]+$/gm, "");
}

/** The fields of an object have no order. */
function jsonOf(text: string): string {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.stringify(sorted(JSON.parse(text)), undefined, 1);
  } catch {
    return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
