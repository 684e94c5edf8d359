/**
 * What a record of a container must look like: one that does not would make every list of containers fail.
 */
import type { ContainerEnd, ContainerRecord } from "./record.ts";

type Check = (value: unknown) => boolean;
type Shape<T> = { readonly [field in keyof Required<T>]: Check };

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
/** Milliseconds since the epoch, as far as Date reaches. */
const isMoment: Check = (value) => typeof value === "number" && Math.abs(value) <= 8.64e15;
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isLabels: Check = (value) => isObject(value) && Object.values(value).every(isText);
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const end: Shape<ContainerEnd> = { exitCode: Number.isInteger, started: isMoment, finished: isMoment };

const record: Shape<ContainerRecord> = {
  version: oneOf(1),
  id: isText,
  name: isText,
  kind: oneOf("rootfs", "bundle", "process"),
  path: optional(isText),
  command: isTexts,
  created: isMoment,
  detached: isFlag,
  terminal: isFlag,
  removeWhenEnded: isFlag,
  hostname: optional(isText),
  user: optional(isText),
  labels: isLabels,
  end: optional((value) => hasShape(value, end)),
};

export function isContainerRecord(value: unknown): value is ContainerRecord {
  return hasShape(value, record);
}

function hasShape(value: unknown, shape: Readonly<Record<string, Check>>): boolean {
  return isObject(value) && Object.entries(shape).every(([field, check]) => check(value[field]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
