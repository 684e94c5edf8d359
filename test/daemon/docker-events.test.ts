// Docker's Engine API: the stream of events.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { TestDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

interface Told {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

const filters = (given: unknown) => `filters=${encodeURIComponent(JSON.stringify(given))}`;

function texts(lines: string): string[] {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { Type, Action, Actor } = JSON.parse(line) as Told;
      return `${Type} ${Action} ${Actor.Attributes.name ?? ""}`.trimEnd();
    });
}

async function scene(daemon: TestDaemon): Promise<void> {
  await daemon.ask("POST", "/networks/create", { Name: "n1" });
  await daemon.daemon.controller.newSandbox("c1");
  await daemon.ask("POST", "/networks/n1/connect", { Container: "c1" });
  await daemon.ask("POST", "/networks/n1/disconnect", { Container: "c1" });
  await daemon.ask("DELETE", "/networks/n1");
  await daemon.daemon.controller.sandboxDestroy("c1");
  await daemon.ask("POST", "/networks/prune");
}

const told = [
  "network create n1",
  "container create c1",
  "container start c1",
  "network connect n1",
  "network disconnect n1",
  "network destroy n1",
  "container die c1",
  "container destroy c1",
  "network prune",
];

/** A time that is over when it arrives. */
const past = () => String((Date.now() - 1) / 1000);
const since = "since=1";

test("what has happened is told to who asks since when, filtered, and the answer ends", async (t) => {
  const daemon = await TestDaemon.start(t);
  await scene(daemon);
  const list = async (given: unknown) => {
    const { status, text } = await daemon.ask("GET", `/events?${since}&until=${past()}&${filters(given)}`);
    assert.equal(status, 200);
    return texts(text);
  };
  await eventually(async () => assert.deepEqual(await list({}), told));
  assert.deepEqual(await list({ type: { container: true } }), told.slice(1, 3).concat(told.slice(6, 8)));
  assert.deepEqual(await list({ event: ["connect", "destroy"] }), [
    "network connect n1",
    "network destroy n1",
    "container destroy c1",
  ]);
  assert.deepEqual(await list({ network: { n1: true }, event: { create: true } }), ["network create n1"]);
  assert.deepEqual(await list({ network: { zz: true } }), []);
  assert.deepEqual(await list({ container: { c1: true }, type: { container: true } }), [
    "container create c1",
    "container start c1",
    "container die c1",
    "container destroy c1",
  ]);
  assert.deepEqual(await list({ image: { zz: true } }), []);
  assert.deepEqual(await list({ volume: { v: true } }), []);
  assert.deepEqual(await list({ scope: { swarm: true } }), []);
  assert.deepEqual(await list({ label: { type: true } }), [
    "network create n1",
    "network connect n1",
    "network disconnect n1",
    "network destroy n1",
  ]);
  assert.deepEqual(await list({ label: { "type=bridge": true, nonsense: true } }), []);
  // Of a container are also its connections.
  const c1 = JSON.parse(
    (await daemon.ask("GET", `/events?${since}&until=${past()}&${filters({ event: ["start"] })}`)).text,
  );
  assert.deepEqual(await list({ container: { [c1.id]: true } }), told.slice(1, 5).concat(told.slice(6, 8)));
  const { text } = await daemon.ask("GET", `/events?${since}&until=${past()}`);
  const connected = text.split("\n").find((line) => line.includes('"connect"'));
  const { Actor, scope, time, timeNano } = JSON.parse(connected ?? "{}");
  assert.match(Actor.Attributes.container, /^[0-9a-f]{64}$/);
  assert.deepEqual([Actor.Attributes.type, scope], ["bridge", "local"]);
  assert.equal(Math.floor(timeNano / 1e9), time);
});

test("wrong times are refused", async (t) => {
  const daemon = await TestDaemon.start(t);
  const refused = async (query: string) => {
    const { status, text } = await daemon.ask("GET", `/events?${query}`);
    return [status, text];
  };
  assert.deepEqual(await refused("since=5&until=3"), [
    400,
    '{"message":"`since` time (5) cannot be after `until` time (3)"}',
  ]);
  const [status] = await refused("since=zz");
  assert.equal(status, 400);
});

test("what happens is told as it happens, and a daemon that closes ends the stream", async (t) => {
  const daemon = await TestDaemon.start(t);
  const asked = request({ socketPath: daemon.socket, path: "/v1.41/events", agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  assert.equal(response.headers["content-type"], "application/json");
  const lines: string[] = [];
  const reader = createInterface({ input: response });
  reader.on("line", (line) => lines.push(line));
  await scene(daemon);
  await eventually(() => assert.deepEqual(texts(lines.join("\n")), told));
  const ended = once(reader, "close");
  await daemon.daemon.close();
  await ended;
});

test("a stream ends when its time is up", async (t) => {
  const daemon = await TestDaemon.start(t);
  const until = (Date.now() + 200) / 1000;
  const answer = daemon.ask("GET", `/events?until=${until}`);
  await daemon.ask("POST", "/networks/create", { Name: "n1" });
  await answer;
  const { text } = await daemon.ask("GET", `/events?${since}&until=${past()}`);
  assert.deepEqual(texts(text), ["network create n1"]);
});
