/**
 * Options from outside, checked: a table of parsers makes a typed object of them, or an `invalid` error that names the
 * option, the value and what would be right.
 */
import { inspect } from "node:util";
import { CausewayError, invalid } from "../errors.ts";
import { suggestion, suggestionOrAll } from "./nearest.ts";

/** Checks one value. `name` is how the user knows it: `ipam.config[0].subnet`. */
export type Parser<T> = (value: unknown, name: string) => T;

/** Options by name, each with its parser. A comment on an entry is seen by users, who get the types that are derived of it. */
export type Table = Readonly<Record<string, Parser<unknown>>>;
/** What users may write: any option may be left out. */
export type Parsed<T extends Table> = { readonly [K in keyof T]?: ReturnType<T[K]> };

/** Any value in short, for a message: as JSON, or else as Node.js shows it. Never throws. */
export function show(value: unknown): string {
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  const className = classOf(value);
  if (className !== undefined) return `an object of class ${className}`;
  const text = asJson(value) ?? inspect(value, { depth: 1, breakLength: Infinity, customInspect: false });
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Of an object that keeps to itself what it holds; undefined for plain ones, dates and the like, and for what does not tell. */
function classOf(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  try {
    if (value.valueOf() !== value) return undefined;
    const maker: unknown = Object.getPrototypeOf(value)?.constructor;
    return typeof maker === "function" && maker !== Object ? maker.name : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for what JSON has not got: a cycle, a BigInt, an object whose toJSON throws. */
function asJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The error for a value that will not do. `expected` completes "is not ...". */
export function invalidOption(name: string, value: unknown, expected: string): Error {
  return invalid("invalid_option", `${name}: ${show(value)} is not ${expected}`, {
    option: name,
    value: show(value),
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses an object by its table. Entries that are undefined count as absent; a name that is not in the table is an error. */
export function parseObject<const T extends Table>(table: T, value: unknown, name: string): Parsed<T> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw invalidOption(name, value, "an object");
  const parsed: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const parse = Object.hasOwn(table, key) ? table[key] : undefined;
    if (parse === undefined) {
      const known = Object.keys(table);
      const message = `${name}: there is no option "${key}"${suggestionOrAll(key, known)}`;
      throw invalid("unknown_option", message, { option: key, known });
    }
    if (item !== undefined) parsed[key] = parse(item, `${name}.${key}`);
  }
  return parsed as Parsed<T>;
}

export function objectOf<const T extends Table>(table: T): Parser<Parsed<T>> {
  return (value, name) => parseObject(table, value, name);
}

export const string: Parser<string> = (value, name) => {
  if (typeof value !== "string") throw invalidOption(name, value, "a text");
  return value;
};

export const boolean: Parser<boolean> = (value, name) => {
  if (typeof value !== "boolean") throw invalidOption(name, value, "true or false");
  return value;
};

/** A boolean, or its text as it comes from labels and command lines: Go's strconv.ParseBool, which Docker uses. */
export const booleanText: Parser<boolean> = (value, name) => {
  if (typeof value === "boolean") return value;
  if (typeof value === "string") {
    if (/^(1|t|true)$/i.test(value)) return true;
    if (/^(0|f|false)$/i.test(value)) return false;
  }
  throw invalidOption(name, value, "true or false");
};

/** A whole number within bounds, inclusive. */
export function integer(minimum: number, maximum: number): Parser<number> {
  return (value, name) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum)
      return value;
    throw invalidOption(name, value, `a whole number from ${minimum} to ${maximum}`);
  };
}

/** The same, or its decimal text. */
export function integerText(minimum: number, maximum: number): Parser<number> {
  const parse = integer(minimum, maximum);
  return (value, name) =>
    parse(typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value, name);
}

export function oneOf<const T extends string>(...allowed: readonly T[]): Parser<T> {
  return (value, name) => {
    const found = allowed.find((item) => item === value);
    if (found !== undefined) return found;
    const near = typeof value === "string" ? suggestion(value, allowed) : "";
    throw invalidOption(name, value, `one of ${allowed.join(", ")}${near}`);
  };
}

export function listOf<T>(item: Parser<T>): Parser<readonly T[]> {
  return (value, name) => {
    if (!Array.isArray(value)) throw invalidOption(name, value, "a list: put [ ] around it");
    return value.map((entry, at) => item(entry, `${name}[${at}]`));
  };
}

/** An object whose keys are the user's own. */
export function recordOf<T>(item: Parser<T>): Parser<Readonly<Record<string, T>>> {
  return (value, name) => {
    if (!isRecord(value)) throw invalidOption(name, value, "an object");
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, item(entry, `${name}.${key}`)]),
    );
  };
}

/** Anything: whoever it is for checks it. */
export const opaque: Parser<unknown> = (value) => value;

/** Runs an action whose errors do not say which option is meant, and says it. */
export function named<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error;
    const { kind, code, message, detail } = error;
    throw new CausewayError(kind, code, `${name}: ${message}`, { detail });
  }
}

/** Wraps a function that throws on a bad value and answers a canonical text, so that the error names the option. */
export function textBy(canonical: (text: string) => string): Parser<string> {
  return (value, name) => {
    const text = string(value, name);
    return named(name, () => canonical(text));
  };
}
