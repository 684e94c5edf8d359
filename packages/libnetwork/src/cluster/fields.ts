/**
 * Fields of what is stored: a value may be anything, for another release may have stored it, or somebody by hand.
 */
import type { PlainData } from "../contracts/store.ts";

/** Undefined where it has none. */
export function fieldOf(value: PlainData | undefined, field: string): PlainData | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, field) ? (value as Readonly<Record<string, PlainData>>)[field] : undefined;
}

/** Undefined where it has none, or another than a text. */
export function textOf(value: PlainData | undefined, field: string): string | undefined {
  const found = fieldOf(value, field);
  return typeof found === "string" ? found : undefined;
}
