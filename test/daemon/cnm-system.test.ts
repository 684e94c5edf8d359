// The daemon itself by the CNM API: version, topology, health, backups, the log's level, events.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { defaultConfig } from "@causeway/daemon";
import type { ErrorBody, Event, Network } from "../../packages/daemon/src/api/index.ts";
import { TestDaemon } from "../support/daemon.ts";

const api = "/cnm/v1";

test("version, topology, doctor, repair and statistics are answered", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", `${api}/networks`, { name: "n" });
  await daemon.ask("POST", `${api}/attachments`, { network: "n", containerId: "c" });
  const version = await daemon.ask("GET", `${api}/version`);
  assert.match(version.text, /"drivers":\[.*"bridge"/);
  const topology = await daemon.ask("GET", `${api}/topology`);
  assert.match(topology.text, /"containerId":"c"/, topology.text);
  assert.match(topology.text, /"name":"eth0"/);
  const doctor = await daemon.ask("GET", `${api}/doctor`);
  assert.equal(doctor.status, 200, doctor.text);
  const repair = await daemon.ask("POST", `${api}/repair`);
  assert.match(repair.text, /"mended":\[/);
});

test("a backup goes into the state directory, and nowhere else", async (t) => {
  const daemon = await TestDaemon.start(t);
  const made = await daemon.ask("POST", `${api}/backups`, { name: "before.db" });
  assert.equal(made.status, 201, made.text);
  const directory = join(daemon.host.options.stateDir, "backups");
  assert.ok(existsSync(join(directory, "before.db")));
  const again = await daemon.ask("POST", `${api}/backups`, { name: "before.db" });
  assert.equal(again.status, 409, again.text);
  assert.equal(
    (await daemon.ask("POST", `${api}/backups`, { name: "before.db", overwrite: true })).status,
    201,
  );
  assert.equal((await daemon.ask("POST", `${api}/backups`, {})).status, 201);
  for (const name of ["../escaped", "/tmp/escaped", "..", "a/b", "", "a\0b"]) {
    const refused = await daemon.ask("POST", `${api}/backups`, { name });
    assert.equal(refused.status, 400, JSON.stringify(name));
  }
  assert.ok(!existsSync(join(daemon.host.options.stateDir, "escaped")));
});

test("the log's level is changed while it runs", async (t) => {
  const daemon = await TestDaemon.start(t);
  const set = await daemon.ask("PUT", `${api}/log-level`, { level: "fatal" });
  assert.deepEqual([set.status, set.body], [200, { level: "fatal" }], set.text);
  const { body } = await daemon.ask("GET", `${api}/log-level`);
  assert.deepEqual(body, { level: "fatal" });
  assert.equal((await daemon.ask("PUT", `${api}/log-level`, { level: "loud" })).status, 400);
});

test("default pools that the configuration has no more are those that come by default again", async (t) => {
  const defaultAddressPools = [{ base: "10.71.0.0/16", size: 24 }];
  const daemon = await TestDaemon.start(t, { controller: { defaultAddressPools } });
  const made = async (name: string) => {
    const { body } = await daemon.ask("POST", `${api}/networks`, { name });
    return (body as Network).pools.map(({ subnet }) => subnet).join();
  };
  assert.equal(await made("n1"), "10.71.0.0/24");
  const { defaultAddressPools: _, ...controller } = daemon.host.options;
  await daemon.daemon.reload({ ...defaultConfig, controller, socket: daemon.socket });
  assert.match(await made("n2"), /^172\.17\./);
});

test("events are streamed, by type, and go on after the last one that was seen", async (t) => {
  const daemon = await TestDaemon.start(t);
  const stream = await follow(daemon, "?type=network:create");
  const made = await daemon.ask("POST", `${api}/networks`, { name: "n1" });
  const first = await stream.next();
  assert.deepEqual([first.type, first.subject.id], ["network:create", (made.body as Network).id]);
  assert.equal(typeof first.operation, "string");
  stream.end();
  // While nobody listens: one that is of the type, and one that is not.
  await daemon.ask("POST", `${api}/networks`, { name: "n2" });
  await daemon.ask("DELETE", `${api}/networks/n2`);
  await daemon.ask("POST", `${api}/networks`, { name: "n3" });
  const resumed = await follow(daemon, "?type=network:create", { "last-event-id": first.id });
  assert.deepEqual([(await resumed.next()).subject.name, (await resumed.next()).subject.name], ["n2", "n3"]);
  resumed.end();
  const past = await daemon.ask("GET", `${api}/events?type=network&until=${Date.now()}&since=${first.time}`);
  const names = [...past.text.matchAll(/data: (.*)/g)].map(
    ([, data = ""]) => (JSON.parse(data) as Event).type,
  );
  assert.deepEqual(names, ["network:create", "network:create", "network:delete", "network:create"]);
});

test("a stream of events ends when its time is up; times that leave nothing between them are refused", async (t) => {
  const daemon = await TestDaemon.start(t);
  const answer = daemon.ask("GET", `${api}/events?until=${Date.now() + 200}`);
  assert.equal((await answer).status, 200);
  const refused = await daemon.ask("GET", `${api}/events?since=5&until=4`);
  assert.deepEqual([refused.status, (refused.body as ErrorBody).error.code], [400, "invalid_field"]);
});

test("a type of events is a whole word, and an id that is not remembered begins with the oldest", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", `${api}/networks`, { name: "n1" });
  const past = async (query: string, headers = {}) => {
    const { text } = await daemon.ask(
      "GET",
      `${api}/events?until=${Date.now()}&${query}`,
      undefined,
      headers,
    );
    return [...text.matchAll(/"name":"(.*?)"/g)].map(([, name]) => name);
  };
  assert.deepEqual(await past("type=network"), ["n1"]);
  assert.deepEqual(await past("type=netw"), []);
  assert.deepEqual(await past("type=network:create", { "last-event-id": "of-another-run-1" }), ["n1"]);
});

interface Stream {
  next(): Promise<Event>;
  end(): void;
}

/** Resolves when the daemon listens to what happens for it. */
function follow(daemon: TestDaemon, query: string, headers: Record<string, string> = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const asked = request({
      socketPath: daemon.socket,
      path: `${api}/events${query}`,
      headers,
      agent: false,
    });
    asked.on("error", reject);
    asked.on("response", (response) => {
      assert.equal(response.headers["content-type"], "text/event-stream");
      const events: Event[] = [];
      let wake: () => void = () => undefined;
      let text = "";
      response.setEncoding("utf8").on("error", () => undefined);
      response.on("data", (part: string) => {
        const messages = `${text}${part}`.split("\n\n");
        text = messages.pop() ?? "";
        for (const [, data = ""] of messages.flatMap((message) => [...message.matchAll(/^data: (.*)$/gm)]))
          events.push(JSON.parse(data) as Event);
        wake();
      });
      resolve({
        async next() {
          for (;;) {
            const event = events.shift();
            if (event !== undefined) return event;
            await new Promise<void>((done) => {
              wake = done;
            });
          }
        },
        end: () => asked.destroy(),
      });
    });
    asked.end();
  });
}
