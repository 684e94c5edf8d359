// docs/plugin-protocol.md says what the schemas say. `npm run plugin-protocol` writes it anew.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseRecording } from "@causeway/plugin-sdk";
import { renewedReference } from "../support/protocol-reference.ts";

const root = join(import.meta.dirname, "../..");
const file = join(root, "docs/plugin-protocol.md");
const testdata = join(root, "packages/plugin-sdk/testdata");

test("docs/plugin-protocol.md has every method, every field and every clause", () => {
  const recordings = readdirSync(testdata).sort().reverse();
  const exchanges = recordings.flatMap((name) => parseRecording(readFileSync(join(testdata, name), "utf8")));
  const text = renewedReference(readFileSync(file, "utf8"), exchanges);
  if (process.env.CAUSEWAY_WRITE_PROTOCOL !== undefined) writeFileSync(file, text);
  assert.equal(readFileSync(file, "utf8"), text, "docs/plugin-protocol.md is stale: npm run plugin-protocol");
});
