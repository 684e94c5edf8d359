// Networks by the CNM API.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestDaemon } from "../support/daemon.ts";

test("a network is made, listed, and a slip in a field is told", async (t) => {
  const daemon = await TestDaemon.start(t);
  const made = await daemon.ask("POST", "/cnm/v1/networks", { name: "n1" });
  assert.equal(made.status, 201, made.text);
  const listed = await daemon.ask("GET", "/cnm/v1/networks");
  assert.match(listed.text, /"name":"n1"/);
  const slip = await daemon.ask("POST", "/cnm/v1/networks", { name: "n2", internl: true });
  assert.equal(slip.status, 400);
  assert.match(slip.text, /did you mean \\"internal\\"/);
});
