/**
 * Queries are text: numbers and truth values in them are read as such where the schema asks for one. Bodies have types of their own.
 */
import type { FastifyRequest } from "fastify";

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
}

/** For a preValidation hook. What cannot be read stays as it is, and the schema refuses it. */
export function readQuery(request: FastifyRequest): void {
  const { properties = {} } = (request.routeOptions.schema?.querystring ?? {}) as ObjectSchema;
  const query = request.query as Record<string, unknown>;
  for (const [name, { type }] of Object.entries(properties)) {
    const text = query[name];
    if (typeof text === "string") query[name] = read(text, type);
  }
}

function read(text: string, type: string | undefined): unknown {
  if (type === "boolean") return text === "true" || (text === "false" ? false : text);
  if ((type === "integer" || type === "number") && /^-?\d{1,15}$/.test(text)) return Number(text);
  return text;
}
