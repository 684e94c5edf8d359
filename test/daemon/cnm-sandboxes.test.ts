// Endpoints and sandboxes by the CNM API: joined, published, counted, and taken apart; the kernel and packets tell.

import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  Attachment,
  Endpoint,
  ErrorBody,
  Page,
  Sandbox,
  SandboxStatistics,
} from "../../packages/daemon/src/api/index.ts";
import { TestDaemon } from "../support/daemon.ts";

const api = "/cnm/v1";

test("an endpoint joins a sandbox, publishes a port, gives it back, leaves, and is deleted", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", `${api}/networks`, { name: "n" });
  const made = await daemon.ask("POST", `${api}/networks/n/endpoints`, { name: "e", aliases: ["web"] });
  assert.equal(made.status, 201, made.text);
  const { id } = made.body as Endpoint;
  const sandbox = await daemon.ask("POST", `${api}/sandboxes`, { containerId: "c" });
  assert.equal(sandbox.status, 201, sandbox.text);
  const joined = await daemon.ask("POST", `${api}/endpoints/${id}/join`, { sandbox: "c" });
  assert.equal(joined.status, 200, joined.text);
  assert.equal((joined.body as Endpoint).interfaceName, "eth0");
  assert.notEqual(joined.headers.etag, made.headers.etag);

  const { body } = await daemon.ask("GET", `${api}/sandboxes/c/statistics`);
  assert.deepEqual(Object.keys((body as SandboxStatistics).interfaces), ["eth0"]);
  const all = await daemon.ask("GET", `${api}/statistics`);
  assert.deepEqual(
    (all.body as Page<SandboxStatistics>).items.map(({ containerId }) => containerId),
    ["c"],
  );
  const inside = await daemon.ask("GET", `${api}/endpoints?sandbox=c&network=n`);
  assert.deepEqual(
    (inside.body as Page<Endpoint>).items.map(({ name }) => name),
    ["e"],
  );

  const published = await daemon.ask("POST", `${api}/endpoints/${id}/publish`, {
    ports: [{ containerPort: 80, hostPort: 18080, hostAddress: "0.0.0.0" }],
  });
  assert.deepEqual(
    (published.body as { bindings: { hostPort: number }[] }).bindings.map(({ hostPort }) => hostPort),
    [18080],
    published.text,
  );
  const back = await daemon.ask("POST", `${api}/endpoints/${id}/unpublish`, {
    bindings: [{ hostPort: 18080 }],
  });
  assert.deepEqual(back.body, { bindings: [] });

  const refused = await daemon.ask("DELETE", `${api}/networks/n/endpoints/e`);
  assert.deepEqual([refused.status, (refused.body as ErrorBody).error.code], [403, "endpoint_joined"]);
  const left = await daemon.ask("POST", `${api}/endpoints/${id}/leave`);
  assert.equal((left.body as Endpoint).sandbox, undefined, left.text);
  assert.equal((await daemon.ask("DELETE", `${api}/endpoints/${id}`)).status, 204);
  assert.equal((await daemon.ask("DELETE", `${api}/sandboxes/c`)).status, 204);
});

test("a sandbox is refreshed, renamed, and goes with its endpoints where that is asked for", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", `${api}/networks`, { name: "n" });
  const made = await daemon.ask("POST", `${api}/attachments`, { network: "n", containerId: "c1" });
  assert.equal(made.status, 201, made.text);
  const { endpoint, sandbox } = made.body as Attachment;
  assert.equal(endpoint.sandbox?.id, sandbox.id);
  const refreshed = await daemon.ask("POST", `${api}/sandboxes/c1/refresh`, { labels: { a: "b" } });
  assert.deepEqual((refreshed.body as Sandbox).labels, { a: "b" }, refreshed.text);
  const renamed = await daemon.ask("POST", `${api}/sandboxes/c1/rename`, { containerId: "c2" });
  assert.equal((renamed.body as Sandbox).containerId, "c2", renamed.text);
  const stale = await daemon.ask("DELETE", `${api}/sandboxes/c2`, undefined, {
    "if-match": String(refreshed.headers.etag),
  });
  assert.equal(stale.status, 412, stale.text);
  const gone = await daemon.ask("DELETE", `${api}/sandboxes/c2?endpoints=delete`, undefined, {
    "if-match": String(renamed.headers.etag),
  });
  assert.equal(gone.status, 204, gone.text);
  const { body } = await daemon.ask("GET", `${api}/endpoints`);
  assert.deepEqual(body, { items: [] });
});
