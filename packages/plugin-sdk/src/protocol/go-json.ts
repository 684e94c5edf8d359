/**
 * Bodies as Go's encoding/json reads them, which plugins and dockerd rely on: field names in any case, `null` and a missing field for the zero
 * value, unknown fields ignored, an empty or `null` body for a message that says nothing. What is read is said by a schema.
 */
import type { Static, TSchema } from "typebox";
import { PluginError } from "../errors.ts";

/** A message as it was read: whole, every field that is not optional filled with its zero value. */
export type Message<T> = T extends readonly (infer Item)[]
  ? readonly Message<Item>[]
  : T extends object
    ? { readonly [Field in keyof T]: Message<T[Field]> }
    : T;

/** A message as it is written: what is at its zero value may be left out, or be null. */
export type Written<T> = T extends readonly (infer Item)[]
  ? readonly Written<Item>[]
  : T extends object
    ? { readonly [Field in keyof T]?: Written<T[Field]> | null | undefined }
    : T;

/** The part of a JSON schema that is understood. */
interface GoSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, GoSchema>>;
  readonly patternProperties?: Readonly<Record<string, GoSchema>>;
  readonly required?: readonly string[];
  readonly items?: GoSchema;
  readonly minLength?: number;
}

/**
 * @param value what JSON.parse made of the body; undefined for an empty one
 * @returns the message with its fields named as in the schema, nothing unknown in it
 * @throws PluginError message of the first field that is not as it must be; the caller gives it its code
 */
export function readMessage<S extends TSchema>(schema: S, value: unknown): Message<Static<S>> {
  const shape = schema as GoSchema;
  return read(shape, value ?? zeroOf(shape), "") as Message<Static<S>>;
}

/** @throws PluginError request_invalid, with the field and what is wrong with it */
function read(schema: GoSchema, value: unknown, path: string): unknown {
  const { properties, patternProperties, items } = schema;
  if (properties !== undefined && isObject(value)) return readStruct(schema, properties, value, path);
  if (patternProperties !== undefined && isObject(value)) {
    const [of = {}] = Object.values(patternProperties);
    const entries = Object.entries(value).map(([key, item]) => [
      key,
      read(of, item ?? zeroOf(of), below(path, key)),
    ]);
    return Object.fromEntries(entries);
  }
  if (items !== undefined && Array.isArray(value))
    return value.map((item, index) => read(items, item ?? zeroOf(items), `${path}[${index}]`));
  if (schema.type === undefined) checkDepth(value, path);
  if (fits(schema, value)) return checkedLength(schema, value, path);
  throw new PluginError(
    "request_invalid",
    `${path || "the body"} is ${article(kindOf(value))}, and ${article(wantedKind(schema))} is wanted`,
    { detail: { field: path } },
  );
}

function readStruct(
  { required = [] }: GoSchema,
  properties: Readonly<Record<string, GoSchema>>,
  value: Readonly<Record<string, unknown>>,
  path: string,
): unknown {
  const given = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const name = Object.hasOwn(properties, key) ? key : nameInAnyCase(properties, key);
    if (name !== undefined && item !== null) given.set(name, item);
  }
  const fields: [string, unknown][] = [];
  for (const [name, schema] of Object.entries(properties)) {
    if (!given.has(name) && !required.includes(name)) continue;
    fields.push([name, read(schema, given.get(name) ?? zeroOf(schema), below(path, name))]);
  }
  return Object.fromEntries(fields);
}

function nameInAnyCase(properties: Readonly<Record<string, GoSchema>>, key: string): string | undefined {
  const folded = key.toLowerCase();
  return Object.keys(properties).find((name) => name.toLowerCase() === folded);
}

function fits({ type, properties, patternProperties, items }: GoSchema, value: unknown): boolean {
  if (properties !== undefined || patternProperties !== undefined || items !== undefined) return false;
  if (type === undefined) return true;
  return type === "integer" ? Number.isSafeInteger(value) : typeof value === type;
}

function checkedLength({ minLength = 0 }: GoSchema, value: unknown, path: string): unknown {
  if (typeof value === "string" && value.length < minLength)
    throw new PluginError("request_invalid", `${path} is missing`, { detail: { field: path } });
  return value;
}

/** Lists and objects in each other. */
const deepest = 64;

/** Level by level: JSON.stringify, and most of what others do with a value, would run out of stack. */
function checkDepth(value: unknown, path: string): void {
  const nested = (values: readonly unknown[]) =>
    values.filter((one): one is object => typeof one === "object" && one !== null);
  let level = nested([value]);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === deepest) {
      const message = `${path} has more than ${deepest} levels of lists and objects: nobody could write it again`;
      throw new PluginError("request_invalid", message, { detail: { field: path } });
    }
    level = nested(level.flatMap((one): unknown[] => Object.values(one)));
  }
}

/** What Go has where nothing was said. */
function zeroOf({ type, properties, patternProperties, items }: GoSchema): unknown {
  if (properties !== undefined || patternProperties !== undefined) return {};
  if (items !== undefined) return [];
  return { string: "", boolean: false, integer: 0, number: 0 }[type ?? ""] ?? null;
}

function wantedKind({ type, items }: GoSchema): string {
  return items !== undefined ? "list" : (type ?? "value");
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "list";
  if (typeof value === "number" && !Number.isSafeInteger(value))
    return `number that is no integer (${value})`;
  return typeof value;
}

function article(noun: string): string {
  return /^[aeio]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function below(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
