/**
 * Bodies as Go's encoding/json reads them, which Docker's clients count on: field names in any case, null for absent, unknown
 * fields ignored, and its words for a wrong type. What is read is said by a schema: a struct is an object with properties, and its title
 * is the struct's name.
 */
import { invalid } from "@causeway/libnetwork";

/** The part of a JSON schema that is understood. */
export interface GoSchema {
  readonly type?: string;
  readonly title?: string;
  readonly properties?: Readonly<Record<string, GoSchema>>;
  readonly patternProperties?: Readonly<Record<string, GoSchema>>;
  readonly items?: GoSchema;
}

/** Where in the body a value stands: the innermost struct, and the path from the outermost. */
interface Place {
  readonly struct: string;
  readonly path: readonly string[];
}

/**
 * @returns the value with its fields named as in the schema, nothing absent and nothing unknown
 * @throws invalid_request, in Go's words
 */
export function readGoJson(schema: GoSchema, value: unknown): unknown {
  if (value === undefined || value === null) return {};
  return read(schema, value, { struct: "", path: [] });
}

function read(schema: GoSchema, value: unknown, place: Place): unknown {
  const { properties, patternProperties, items } = schema;
  if (properties !== undefined && isObject(value)) return readStruct(schema, properties, value, place);
  if (patternProperties !== undefined && isObject(value)) {
    const [of = {}] = Object.values(patternProperties);
    const entries = Object.entries(value).map(([key, item]) => [key, read(of, item ?? zeroOf(of), place)]);
    return Object.fromEntries(entries);
  }
  if (items !== undefined && Array.isArray(value))
    return value.map((item) => read(items, item ?? zeroOf(items), place));
  const fits =
    (schema.type === "string" && typeof value === "string") ||
    (schema.type === "boolean" && typeof value === "boolean") ||
    (schema.type === "integer" && Number.isSafeInteger(value));
  if (fits || goType(schema) === "interface {}") return value;
  throw wrongType(schema, value, place);
}

function readStruct(
  { title = "" }: GoSchema,
  properties: Readonly<Record<string, GoSchema>>,
  value: Readonly<Record<string, unknown>>,
  { path }: Place,
): unknown {
  const names = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
  const fields: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const name = Object.hasOwn(properties, key) ? key : names.get(key.toLowerCase());
    const schema = name === undefined ? undefined : properties[name];
    if (name === undefined || schema === undefined || item === null) continue;
    fields.push([name, read(schema, item, { struct: title, path: [...path, name] })]);
  }
  return Object.fromEntries(fields);
}

function wrongType(schema: GoSchema, value: unknown, { struct, path }: Place): Error {
  const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  const found = kind === "number" && schema.type === "integer" ? `number ${String(value)}` : kind;
  const where =
    path.length === 0
      ? `Go value of type types.${schema.title}`
      : `Go struct field ${struct}.${path.join(".")}`;
  const wanted = path.length === 0 ? "" : ` of type ${goType(schema)}`;
  return invalid("invalid_request", `json: cannot unmarshal ${found} into ${where}${wanted}`);
}

function goType({ type, title, properties, patternProperties, items }: GoSchema): string {
  if (properties !== undefined) return `network.${title}`;
  if (patternProperties !== undefined)
    return `map[string]${goType(Object.values(patternProperties)[0] ?? {})}`;
  if (items !== undefined) return `[]${goType(items)}`;
  return { string: "string", boolean: "bool", integer: "int" }[type ?? ""] ?? "interface {}";
}

/** What null becomes in a list or a map. */
function zeroOf({ type, properties, patternProperties, items }: GoSchema): unknown {
  if (properties !== undefined || patternProperties !== undefined) return {};
  if (items !== undefined) return [];
  return { string: "", boolean: false, integer: 0 }[type ?? ""] ?? null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
