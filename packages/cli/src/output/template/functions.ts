/**
 * The functions of templates: Go's own, and those that Docker adds.
 */
import { isObject, isTrue, jsonText, printed, type Value } from "./print.ts";
import { sprintf } from "./printf.ts";
import { TemplateError } from "./tree.ts";

export type TemplateFunction = (...args: Value[]) => Value;

interface Entry {
  /** How many arguments: exactly, or from `least` on. */
  readonly least: number;
  readonly most: number;
  readonly call: TemplateFunction;
}

const any = Number.POSITIVE_INFINITY;

/** `and` and `or` stop at the argument that decides: evaluate.ts does it. */
export const functions: Readonly<Record<string, Entry>> = {
  not: exactly(1, (value) => !isTrue(value)),
  len: exactly(1, length),
  index: atLeast(1, (value, ...keys) => keys.reduce(element, value)),
  slice: between(1, 3, slice),
  print: atLeast(0, (...values) => joined(values)),
  println: atLeast(0, (...values) => `${values.map(printed).join(" ")}\n`),
  printf: atLeast(1, (format, ...values) => sprintf(text(format), values)),
  urlquery: atLeast(0, (...values) => encodeURIComponent(joined(values)).replaceAll("%20", "+")),
  eq: atLeast(2, (value, ...others) => others.some((other) => same(value, other))),
  ne: exactly(2, (one, other) => !same(one, other)),
  lt: exactly(2, (one, other) => compare(one, other) < 0),
  le: exactly(2, (one, other) => compare(one, other) <= 0),
  gt: exactly(2, (one, other) => compare(one, other) > 0),
  ge: exactly(2, (one, other) => compare(one, other) >= 0),
  json: exactly(1, (value) => jsonText(value)),
  split: exactly(2, (value, separator) => text(value).split(text(separator))),
  join: exactly(2, (values, separator) => list(values).map(printed).join(text(separator))),
  title: exactly(1, (value) =>
    text(value).replace(/(^|\s)(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase()),
  ),
  lower: exactly(1, (value) => text(value).toLowerCase()),
  upper: exactly(1, (value) => text(value).toUpperCase()),
  pad: exactly(3, (value, before, after) =>
    text(value) === "" ? "" : `${" ".repeat(count(before))}${text(value)}${" ".repeat(count(after))}`,
  ),
  truncate: exactly(2, (value, size) => [...text(value)].slice(0, count(size)).join("")),
};

function exactly(count: number, call: TemplateFunction): Entry {
  return between(count, count, call);
}

function atLeast(least: number, call: TemplateFunction): Entry {
  return between(least, any, call);
}

function between(least: number, most: number, call: TemplateFunction): Entry {
  return { least, most, call };
}

function text(value: Value): string {
  if (typeof value === "string") return value;
  throw new TemplateError(`a text is asked for, and ${described(value)} was given`);
}

function count(value: Value): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65536) return value;
  throw new TemplateError(`a number from 0 to 65536 is asked for, and ${described(value)} was given`);
}

function list(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  throw new TemplateError(`a list is asked for, and ${described(value)} was given`);
}

export function described(value: Value): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return isObject(value) ? "an object" : JSON.stringify(value);
}

function length(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) return Object.keys(value).length;
  throw new TemplateError(`len takes a text, a list or an object, and ${described(value)} was given`);
}

/** Of an object nothing where there is no such key, as of Go's maps; of a list only what is there. */
function element(value: Value, key: Value): Value {
  if (isObject(value)) return Object.hasOwn(value, String(key)) ? value[String(key)] : undefined;
  const items = typeof value === "string" ? [...Buffer.from(value)] : list(value);
  const at = count(key);
  if (at >= items.length) throw new TemplateError(`index ${at} is out of range: there are ${items.length}`);
  return items[at];
}

function slice(value: Value, from: Value = 0, to?: Value): Value {
  const whole = typeof value === "string" ? value : list(value);
  const end = to === undefined ? whole.length : count(to);
  if (count(from) > end || end > whole.length)
    throw new TemplateError(`slice ${count(from)} to ${end} is out of range: there are ${whole.length}`);
  return whole.slice(count(from), end);
}

/** Blanks stand between two values of which neither is a text. */
function joined(values: readonly Value[]): string {
  return values.reduce<string>((before, value, at) => {
    const apart = at > 0 && typeof value !== "string" && typeof values[at - 1] !== "string";
    return `${before}${apart ? " " : ""}${printed(value)}`;
  }, "");
}

function same(one: Value, other: Value): boolean {
  for (const value of [one, other])
    if (Array.isArray(value) || isObject(value))
      throw new TemplateError(`${described(value)} cannot be compared`);
  return (one ?? null) === (other ?? null);
}

function compare(one: Value, other: Value): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one === "string" && typeof other === "string") return one < other ? -1 : one > other ? 1 : 0;
  throw new TemplateError(`${described(one)} and ${described(other)} are in no order`);
}
