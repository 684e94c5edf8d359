// Who is slow, who goes away and who is too many harms nobody else.

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import type { ErrorBody, Network, Page } from "../../packages/daemon/src/api/index.ts";
import { TestDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { rawAnswer, rawConnection } from "../support/raw-http.ts";

const base = "/cnm/v1/networks";
const head = (more = "") => `GET ${base} HTTP/1.1\r\nHost: x\r\n${more}`;

async function names(daemon: TestDaemon): Promise<string[]> {
  const { body } = await daemon.ask("GET", `${base}?driver=bridge`);
  return (body as Page<Network>).items.map(({ name }) => name);
}

test("whoever does not finish a head or a body in time is hung up on, and others are served meanwhile", async (t) => {
  const limits = { headTime: 300, requestTime: 600 };
  const daemon = await TestDaemon.start(t, { daemon: { limits } });
  const slowHead = rawAnswer(daemon.socket, head("X-Slow: "));
  const slowBody = rawAnswer(
    daemon.socket,
    `POST ${base} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":`,
  );
  assert.deepEqual(await names(daemon), []);
  assert.match(await slowHead, /^HTTP\/1.1 408 [\s\S]*request_too_slow/);
  assert.match(await slowBody, /^HTTP\/1.1 408 /);
  assert.deepEqual(await names(daemon), []);
});

test("whoever leaves answers unread is hung up on, and whoever reads them is not", async (t) => {
  const daemon = await TestDaemon.start(t, { daemon: { limits: { answerTime: 300 } } });
  const labels = { filler: "x".repeat(60_000) };
  for (let at = 0; at < 8; at++) await daemon.ask("POST", base, { name: `n${at}`, configOnly: true, labels });
  const reads = await rawConnection(daemon.socket);
  const leaves = await rawConnection(daemon.socket);
  leaves.socket.pause();
  leaves.send(head("\r\n").repeat(20));
  // Whoever does not read is not told; but what he says is refused once he has been hung up on.
  await eventually(() => {
    leaves.send(head("\r\n"));
    assert.ok(leaves.socket.destroyed);
  });
  reads.send(head("Connection: close\r\n\r\n"));
  assert.match(await reads.ended, /^HTTP\/1.1 200 [\s\S]*"n7"/);
});

test("connections beyond the limit are told so, with a time to come again; then there is room anew", async (t) => {
  const daemon = await TestDaemon.start(t, { daemon: { limits: { connections: 2 } } });
  const held = [await rawConnection(daemon.socket), await rawConnection(daemon.socket)];
  for (const connection of held) {
    connection.send(head("\r\n"));
    await connection.until(/"items"/);
  }
  const refused = await daemon.ask("GET", base);
  assert.equal(refused.status, 503, refused.text);
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal((refused.body as ErrorBody).error.code, "overloaded");
  for (const { socket } of held) socket.destroy();
  await eventually(async () => assert.equal((await daemon.ask("GET", base)).status, 200));
});

test("requests beyond the limit are told so, and nothing of them is done", async (t) => {
  const daemon = await TestDaemon.start(t, { daemon: { limits: { requests: 1 } } });
  const first = await rawConnection(daemon.socket);
  const body = '{"name":"first"}';
  first.send(
    `POST ${base} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  // The first has begun when another is refused.
  await eventually(async () => {
    const refused = await daemon.ask("DELETE", `${base}/none`);
    assert.deepEqual([refused.status, refused.headers["retry-after"]], [503, "1"]);
  });
  first.send(body);
  assert.match(await first.until(/\}$/), /^HTTP\/1.1 201 /);
  first.socket.destroy();
  await eventually(async () => assert.deepEqual(await names(daemon), ["first"]));
});

test("streams do not count as work, and have a limit of their own", async (t) => {
  const daemon = await TestDaemon.start(t, { daemon: { limits: { requests: 1, streams: 1 } } });
  const stream = await rawConnection(daemon.socket);
  stream.send("GET /cnm/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
  await stream.until(/event-stream/);
  assert.deepEqual(await names(daemon), []);
  const second = await daemon.ask("GET", "/cnm/v1/events");
  assert.deepEqual([second.status, (second.body as ErrorBody).error.code], [503, "overloaded"]);
  stream.socket.destroy();
  await eventually(async () => {
    const again = await rawConnection(daemon.socket);
    again.send("GET /cnm/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
    const text = await again.until(/\r\n\r\n/);
    again.socket.destroy();
    assert.match(text, /^HTTP\/1.1 200 /);
  });
});

test("what was asked for by who has gone is done as a whole or not at all", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", base, { name: "n" });
  const gone: Promise<void>[] = [];
  for (let at = 0; at < 40; at++) {
    const body = JSON.stringify({ network: "n", containerId: `c${at}` });
    gone.push(
      new Promise((resolve) => {
        const asked = request({
          socketPath: daemon.socket,
          method: "POST",
          path: "/cnm/v1/attachments",
          headers: { "content-type": "application/json" },
          agent: false,
        });
        asked.on("error", () => undefined).on("close", resolve);
        // Some before the daemon has read it, some in the middle of it, some while they wait for their turn.
        asked.end(body, () => setTimeout(() => asked.destroy(), at % 8));
      }),
    );
  }
  await Promise.all(gone);
  await eventually(async () => {
    const sandboxes = (await daemon.ask("GET", "/cnm/v1/sandboxes?limit=1000")).body as Page<{
      containerId: string;
      endpoints: readonly { name: string }[];
    }>;
    const endpoints = (await daemon.ask("GET", "/cnm/v1/endpoints?limit=1000")).body as Page<{
      name: string;
    }>;
    const expected = sandboxes.items.map(({ containerId }) => containerId);
    assert.deepEqual(
      sandboxes.items.flatMap(({ endpoints: joined }) => joined.map(({ name }) => name)),
      expected,
    );
    assert.deepEqual(
      endpoints.items.map(({ name }) => name),
      expected,
    );
  });
  const { body } = await daemon.ask("GET", "/cnm/v1/doctor");
  assert.deepEqual(
    (body as { items: { nature: string }[] }).items.filter(({ nature }) => nature === "stale"),
    [],
  );
});
