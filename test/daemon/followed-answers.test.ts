// Answers that last as long as a container does: its log while it is followed, and the wait for its end.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { DaemonConfig } from "@causeway/daemon";
import { TestDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { rawConnection } from "../support/raw-http.ts";

const base = "/cnm/v1/containers";

/** A daemon with a container that says one word. */
async function started(t: TestContext, limits: NonNullable<DaemonConfig["limits"]>): Promise<TestDaemon> {
  let made: TestDaemon | undefined;
  // Before the daemon ends: hooks run in the order in which they are given.
  t.after(() => made?.ask("DELETE", `${base}/quiet?force=true`));
  made = await TestDaemon.start(t, { daemon: { limits } });
  await sleeper(made);
  return made;
}

async function sleeper(daemon: TestDaemon): Promise<void> {
  const body = { kind: "process", name: "quiet", networks: [{ network: "none" }], detached: true };
  const made = await daemon.ask("POST", base, {
    ...body,
    command: ["sh", "-c", "echo begun; exec sleep 1000"],
  });
  assert.equal(made.status, 201, made.text);
}

async function opened(daemon: TestDaemon, path: string) {
  const connection = await rawConnection(daemon.socket);
  connection.send(`GET ${base}/quiet/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return connection;
}

test("a log that is followed and a wait are no work, and have the limit of streams", async (t) => {
  const daemon = await started(t, { requests: 1, streams: 2 });
  const log = await opened(daemon, "logs?follow=true");
  await log.until(/begun/);
  const wait = await opened(daemon, "wait");
  await eventually(async () => {
    const third = await daemon.ask("GET", `${base}/quiet/wait`);
    assert.equal(third.status, 503, third.text);
  });
  const { status, text } = await daemon.ask("DELETE", `${base}/quiet?force=true`);
  assert.equal(status, 204, text);
  assert.match(await wait.ended, /^HTTP\/1.1 200 [\s\S]*"exitCode":137/);
  assert.match(await log.ended, /^HTTP\/1.1 200 /);
});

test("whoever follows a log in which nothing is written knows at once that it is there", async (t) => {
  const daemon = await started(t, {});
  const log = await opened(daemon, "logs?follow=true&tail=0");
  await log.until(/^HTTP\/1.1 200 [\s\S]*\r\n\r\n/);
  await daemon.ask("DELETE", `${base}/quiet?force=true`);
  await log.ended;
});

test("whoever leaves a log unread that is not followed is hung up on", async (t) => {
  const daemon = await started(t, { answerTime: 300 });
  // More than a socket's buffers hold.
  const command = ["sh", "-c", "yes | head -c 8000000; exec sleep 1000"];
  const body = { kind: "process", name: "loud", networks: [{ network: "none" }], detached: true, command };
  assert.equal((await daemon.ask("POST", base, body)).status, 201);
  await eventually(async () => assert.equal((await daemon.ask("GET", `${base}/loud/logs`)).text.length, 8e6));
  const log = await rawConnection(daemon.socket);
  log.send(`GET ${base}/loud/logs HTTP/1.1\r\nHost: x\r\n\r\n`);
  await log.until(/200 OK/);
  log.socket.pause();
  await eventually(async () => {
    const { text } = await daemon.ask("GET", "/metrics");
    assert.match(text, /^causeway_requests_running 1$/m);
  });
  await daemon.ask("DELETE", `${base}/loud?force=true`);
  log.socket.destroy();
});

test("whoever follows a log in which nothing is written, or waits, is not hung up on", async (t) => {
  const daemon = await started(t, { answerTime: 200, idleTime: 200 });
  const log = await opened(daemon, "logs?follow=true");
  await log.until(/begun/);
  const wait = await opened(daemon, "wait");
  // Another answer that is not read is hung up on later than these would be.
  const unread = await rawConnection(daemon.socket);
  unread.send("GET /cnm/v1/version HTTP/1.1\r\nHost: x\r\n\r\n");
  await unread.ended;
  assert.deepEqual([log.socket.destroyed, wait.socket.destroyed], [false, false]);
  assert.equal((await daemon.ask("DELETE", `${base}/quiet?force=true`)).status, 204);
  assert.match(await wait.ended, /"exitCode":137/);
  assert.match(await log.ended, /\r\n0\r\n\r\n$/);
});
