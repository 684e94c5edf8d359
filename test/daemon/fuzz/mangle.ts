// What is done to a request that was in order.

import fc from "fast-check";

export type Mangle = (text: string) => string;

/** Of a body, as text. */
export const bodyMangles: fc.Arbitrary<Mangle> = fc.oneof(
  fc.nat().map(
    (at): Mangle =>
      (text) =>
        text.slice(0, at % (text.length + 1)),
  ),
  fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 3, unit: "binary" })).map(
    ([at, more]): Mangle =>
      (text) => {
        const place = at % (text.length + 1);
        return `${text.slice(0, place)}${more}${text.slice(place)}`;
      },
  ),
  // A key once more, a key of all objects, a key that nobody knows.
  fc
    .constantFrom('"name":"twice",', '"__proto__":{"a":1},', '"nmae":1,', '"constructor":{"prototype":{}},')
    .map(
      (more): Mangle =>
        (text) =>
          text.replace("{", `{${more}`),
    ),
  fc
    .constantFrom(
      "null",
      "[]",
      "0",
      '"x"',
      "{}",
      "",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]",
      `{"name":"${"x".repeat(70_000)}"}`,
    )
    .map(
      (other): Mangle =>
        () =>
          other,
    ),
  fc.constantFrom("null", "-1", "1e400", '"x"', "[]", "{}", "9007199254740993", "true").map(
    (other): Mangle =>
      (text) =>
        text.replace(/:("[^"]*"|\d+|true|false)/, `:${other}`),
  ),
);

export const headerMangles: fc.Arbitrary<Readonly<Record<string, string>>> = fc.constantFrom(
  { "content-type": "text/plain" },
  { "content-type": "application/json; charset=utf-16" },
  { "content-type": "" },
  { "if-match": "*" },
  { "if-match": '"nothing"' },
  { "if-match": ',,,"' },
  { "if-none-match": "*" },
  { "idempotency-key": "one" },
  { "idempotency-key": "two" },
  { "idempotency-key": "with a space" },
  { "last-event-id": "nonsense" },
  { expect: "100-continue" },
  { accept: "image/png" },
);

export const pathMangles: fc.Arbitrary<Mangle> = fc.constantFrom<Mangle>(
  (path) => `${path}/`,
  (path) => `${path}/..`,
  (path) => `/${path}`,
  (path) => path.replace("v1", "v2"),
  (path) => `/v1.44${path}`,
  (path) => `/v1.99${path}`,
  (path) => `${path}%00`,
  (path) => `${path}%2f`,
  (path) => `${path}%zz`,
  (path) => `${path}?limit=x`,
  (path) => `${path}?a=1&a=2&__proto__=1`,
  (path) => `${path}?filters=${encodeURIComponent('{"name":{"a":true}}')}`,
  (path) => `${path}?filters=%7B%7B`,
  (path) => `${path}${"/x".repeat(2000)}`,
);

export const methods = fc.constantFrom(
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
);
