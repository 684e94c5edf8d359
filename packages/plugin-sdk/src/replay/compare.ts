/**
 * Two bodies, and where they differ.
 */
import type { Correspondence } from "./correspondence.ts";

export interface ValueDifference {
  /** `Interface.Address`, `IPv4Data[0].Pool`; empty for the whole. */
  readonly field: string;
  /** Undefined where the field is not there. */
  readonly recorded: unknown;
  readonly actual: unknown;
}

/** Ids of networks and endpoints. */
const id = /^[0-9a-f]{64}$/;

/** Fields that are named anew in each run. */
const namedAnew: ReadonlySet<string> = new Set(["SandboxKey"]);

/** Ids, and paths of sandboxes, need but correspond. */
export function valueDifferences(
  recorded: unknown,
  actual: unknown,
  correspondence: Correspondence,
  field = "",
): readonly ValueDifference[] {
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    const length = Math.max(recorded.length, actual.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      valueDifferences(recorded[index], actual[index], correspondence, `${field}[${index}]`),
    );
  }
  if (isObject(recorded) && isObject(actual)) {
    const names = new Set([...Object.keys(recorded), ...Object.keys(actual)]);
    return [...names].flatMap((name) =>
      valueDifferences(
        recorded[name],
        actual[name],
        correspondence,
        field === "" ? name : `${field}.${name}`,
      ),
    );
  }
  if (typeof recorded === "string" && typeof actual === "string" && stands(recorded, field)) {
    return correspondence.matches(recorded, actual) ? [] : [{ field, recorded, actual }];
  }
  return recorded === actual ? [] : [{ field, recorded, actual }];
}

function stands(recorded: string, field: string): boolean {
  return id.test(recorded) || namedAnew.has(field);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
