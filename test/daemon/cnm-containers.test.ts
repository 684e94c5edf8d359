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

test("labels by which the daemon knows its containers are nobody else's", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", `${api}/networks`, { name: "n" });
  const labels = { "causeway.container.name": "c" };
  for (const [method, path, body] of [
    ["POST", "/sandboxes", { containerId: "a", labels: { "causeway.container": "rootfs" } }],
    ["POST", "/attachments", { network: "n", containerId: "a", sandbox: { labels } }],
    ["PUT", "/adoptions/a", { pid: process.pid, labels }],
  ] as const) {
    const refused = await daemon.ask(method, `${api}${path}`, body);
    const { code, message } = (refused.body as ErrorBody).error;
    assert.deepEqual([refused.status, code], [400, "reserved_label"], refused.text);
    assert.match(message, /causeway\.container.* choose another name/);
  }
  assert.deepEqual(daemon.daemon.controller.sandboxes(), []);
  const like = await daemon.ask("POST", `${api}/sandboxes`, {
    containerId: "a",
    labels: { "causeway.containers": "mine" },
  });
  assert.equal(like.status, 201, like.text);
});

test("a misspelt setting of a container's route is told, not ignored", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", `${api}/sandboxes`, { containerId: "c" });
  for (const [method, path, body] of [
    ["DELETE", "/containers/c?forse=true", undefined],
    ["GET", "/containers/c?al=1", undefined],
    ["GET", "/containers/c/wait?al=1", undefined],
    ["POST", "/containers/c/stop?secs=1", {}],
    ["POST", "/containers/c/connect?al=1", { network: "none" }],
    ["POST", "/containers?al=1", { kind: "process", command: ["true"] }],
    ["PUT", "/adoptions/d?al=1", { pid: process.pid }],
    ["DELETE", "/adoptions/c?al=1", undefined],
  ] as const) {
    const refused = await daemon.ask(method, `${api}${path}`, body);
    assert.deepEqual([refused.status, /forse|al|secs/.test(refused.text)], [400, true], refused.text);
  }
  assert.equal((await daemon.ask("GET", `${api}/containers/c`)).status, 200);
});
