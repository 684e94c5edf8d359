// The OpenAPI document: served as it is checked in. `npm run openapi` writes it anew.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestDaemon } from "../support/daemon.ts";

const file = join(import.meta.dirname, "../../docs/openapi.json");

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

test("docs/openapi.json is the document that the daemon serves", async (t) => {
  const daemon = await TestDaemon.start(t);
  const { body } = await daemon.ask("GET", "/cnm/v1/openapi.json");
  const text = `${JSON.stringify(body, undefined, 2)}\n`;
  if (process.env.CAUSEWAY_WRITE_OPENAPI !== undefined) writeFileSync(file, text);
  assert.equal(readFileSync(file, "utf8"), text, "docs/openapi.json is stale: npm run openapi");
});

test("every reference of the document leads somewhere, and both APIs are in it", async (t) => {
  const daemon = await TestDaemon.start(t);
  const { body, text } = await daemon.ask("GET", "/cnm/v1/openapi.json");
  const { openapi, paths, components } = body as Document;
  assert.equal(openapi, "3.1.0");
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name = ""]) => name,
  );
  assert.ok(references.length > 0);
  assert.deepEqual(
    references.filter((name) => !Object.hasOwn(components.schemas, name)),
    [],
  );
  for (const path of ["/cnm/v1/networks/{network}", "/cnm/v1/events", "/networks/create"])
    assert.ok(Object.hasOwn(paths, path), path);
});
