// Whole requests, as plain data.

import fc from "fast-check";
import { type Document, type Operation, operationsOf } from "./document.ts";
import { bodyMangles, headerMangles, methods, pathMangles } from "./mangle.ts";
import { references, valueFor } from "./values.ts";

export interface FuzzRequest {
  readonly method: string;
  /** With references to objects as `@NUMBER`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Whoever waits here waits until a container ends. */
const endless = /\/wait$/;

/** How often an operation is asked for; those that look at or mend everything are rare. */
function weightOf({ method, path }: Operation): number {
  if (/repair|backups|doctor|topology|prune/.test(path)) return 1;
  if (method === "DELETE") return 12;
  return method === "GET" ? 8 : 24;
}

export function requestsOf(document: Document): fc.Arbitrary<FuzzRequest> {
  const operations = operationsOf(document).filter(({ path }) => !endless.test(path));
  const valid = fc.oneof(
    ...operations.map((operation) => ({
      weight: weightOf(operation),
      arbitrary: validRequest(operation, document),
    })),
  );
  return fc.oneof({ weight: 3, arbitrary: valid }, { weight: 2, arbitrary: valid.chain(mangled) });
}

function validRequest(
  { method, path, query, body }: Operation,
  document: Document,
): fc.Arbitrary<FuzzRequest> {
  const parts = path.split(/\{[^}]+\}/);
  const given = fc.tuple(...parts.slice(1).map(() => references));
  const asked = fc.tuple(
    ...query.map(({ name, schema, required }) => {
      const value = valueFor(schema, document, name).map((one) => [name, one] as const);
      // A stream that nobody ends would never be over.
      return required === true || name === "until" ? value : fc.option(value, { freq: 2 });
    }),
  );
  const sent =
    body === undefined
      ? fc.constant(undefined)
      : valueFor(body, document).map((value) => JSON.stringify(value));
  return fc.tuple(given, asked, sent).map(([names, parameters, text]) => ({
    method,
    path: withQuery(
      parts
        .map((part, at) => `${at === 0 ? "" : encodeURIComponent(wellFormed(names[at - 1] ?? ""))}${part}`)
        .join(""),
      parameters.filter((parameter) => parameter !== null),
    ),
    headers: text === undefined ? {} : { "content-type": "application/json" },
    body: text,
  }));
}

function withQuery(path: string, parameters: readonly (readonly [name: string, value: unknown])[]): string {
  const query = new URLSearchParams();
  for (const [name, value] of parameters) for (const one of [value].flat()) query.append(name, String(one));
  return query.size === 0 ? path : `${path}?${query}`;
}

/** encodeURIComponent does not take half a character. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

function mangled(request: FuzzRequest): fc.Arbitrary<FuzzRequest> {
  // A stream without its end is left as it is.
  const isStream = request.path.includes("/events") || request.path.includes("/logs");
  if (isStream) return fc.constant(request);
  return fc.oneof(
    bodyMangles.map((mangle) => ({
      ...request,
      headers: { "content-type": "application/json" },
      body: mangle(request.body ?? "{}"),
    })),
    headerMangles.map((more) => ({ ...request, headers: { ...request.headers, ...more } })),
    pathMangles.map((mangle) => ({ ...request, path: mangle(request.path) })),
    methods.map((method) => ({ ...request, method })),
  );
}
