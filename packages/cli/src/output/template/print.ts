/**
 * Values as Go prints them.
 */
import { json } from "../json.ts";

/** What a template sees: plain data, and functions where a field takes arguments (`.Label "x"`). */
export type Value = unknown;

export function isObject(value: Value): value is Readonly<Record<string, Value>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As `%v`: lists as `[a b]`, objects as `map[a:1 b:2]` with their keys sorted. */
export function printed(value: Value): string {
  if (value === undefined || value === null) return "<no value>";
  if (Array.isArray(value)) return `[${value.map(inner).join(" ")}]`;
  if (isObject(value)) {
    const pairs = Object.keys(value).sort();
    return `map[${pairs.map((key) => `${key}:${inner(value[key])}`).join(" ")}]`;
  }
  return String(value);
}

function inner(value: Value): string {
  return value === undefined || value === null ? "<nil>" : printed(value);
}

/** Empty values are false: nothing, 0, "", an empty list or object. */
export function isTrue(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** With its keys sorted, as Go's encoder does. */
export function jsonText(value: Value, indent?: number): string {
  return json(sortedKeys(value), indent);
}

function sortedKeys(value: Value): Value {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isObject(value)) return value;
  const shown = Object.keys(value).filter((key) => typeof value[key] !== "function");
  return Object.fromEntries(shown.sort().map((key) => [key, sortedKeys(value[key])]));
}
