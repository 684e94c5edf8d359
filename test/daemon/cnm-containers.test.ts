// Containers by the CNM API, as far as no runtime is needed: those whose process somebody else starts.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, ErrorBody } from "../../packages/daemon/src/api/index.ts";
import { TestDaemon } from "../support/daemon.ts";

const api = "/cnm/v1";

test("a container is changed only as it was seen: connected, disconnected and removed by its ETag", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", `${api}/networks`, { name: "n" });
  await daemon.ask("POST", `${api}/sandboxes`, { containerId: "c" });
  const container = `${api}/containers/c`;
  const seen = await daemon.ask("GET", container);
  const asSeen = { "if-match": String(seen.headers.etag) };
  const connected = await daemon.ask("POST", `${container}/connect`, { network: "n" }, asSeen);
  assert.equal(connected.status, 204, connected.text);
  const now = await daemon.ask("GET", container);
  assert.deepEqual(
    (now.body as Container).networks.map(({ network }) => network.name),
    ["n"],
  );

  for (const [method, path, body] of [
    ["POST", `${container}/disconnect`, { network: "n" }],
    ["POST", `${container}/stop`, {}],
    ["DELETE", container, undefined],
  ] as const) {
    const late = await daemon.ask(method, path, body, asSeen);
    assert.deepEqual(
      [late.status, (late.body as ErrorBody).error.code],
      [412, "precondition_failed"],
      `${method} ${path}`,
    );
  }
  const asNow = { "if-match": String(now.headers.etag) };
  assert.equal((await daemon.ask("POST", `${container}/disconnect`, { network: "n" }, asNow)).status, 204);
  assert.equal((await daemon.ask("DELETE", container, undefined, asNow)).status, 412);
  assert.equal((await daemon.ask("DELETE", container)).status, 204);
  assert.equal((await daemon.ask("GET", container)).status, 404);
});
