// Requests made of the OpenAPI document, and mangled ones, to both APIs: whatever is asked, the answer is no 500, the daemon goes on,
// and nothing is left behind.
//
// FUZZ_SEED=... asks for the same requests again, FUZZ_REQUESTS=... for another number.

import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import fc from "fast-check";
import { TestDaemon } from "../support/daemon.ts";
import type { Document } from "./fuzz/document.ts";
import { type FuzzRequest, requestsOf } from "./fuzz/requests.ts";

const count = Number(process.env.FUZZ_REQUESTS ?? 20_000);
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
/** So many go on at the same time: changes to the same objects meet. */
const clients = 8;

interface FuzzAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

test(`${count} requests give no 500 and leave nothing behind`, { timeout: 900_000 }, async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const daemon = await TestDaemon.start(t, {
    controller: { resolver: true },
    daemon: { limits: { lateness: 60_000 } },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  t.after(() => agent.destroy());
  const { body } = await daemon.ask("GET", "/cnm/v1/openapi.json");
  const requests = fc.sample(requestsOf(body as Document), { numRuns: count, seed });
  const statuses = new Map<number, number>();
  const started = performance.now();
  let next = 0;
  const client = async () => {
    for (let at = next++; at < requests.length; at = next++) {
      const asked = withIds(requests[at] as FuzzRequest, daemon);
      const shown = `FUZZ_SEED=${seed}, request ${at}: ${JSON.stringify(asked)}`;
      const answer = await send(daemon.socket, agent, asked).catch((error) => {
        throw new Error(`no answer; ${shown}`, { cause: error });
      });
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      assert.ok(answer.status !== 500, `${answer.status} ${answer.text}; ${shown}`);
      if (
        answer.type.includes("application/json") &&
        asked.method !== "HEAD" &&
        !asked.path.includes("/events")
      )
        assert.doesNotThrow(() => answer.text === "" || JSON.parse(answer.text), shown);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - started) / 1000;
  const told = [...statuses].sort(([a], [b]) => a - b).map(([status, times]) => `${times} x ${status}`);
  t.diagnostic(`${seconds.toFixed(1)} s: ${told.join(", ")}`);
  // It could not fail if nothing was done.
  for (const status of [200, 201, 204, 400, 404, 409])
    assert.ok((statuses.get(status) ?? 0) > 0, `no ${status}`);
  const doctor = await daemon.ask("GET", "/cnm/v1/doctor");
  const { items } = doctor.body as { items: readonly { nature: string }[] };
  assert.deepEqual(
    items.filter(({ nature }) => nature === "stale"),
    [],
  );
});

/** The objects that there are by now, for `@NUMBER`. */
function withIds(asked: FuzzRequest, { daemon: { controller } }: TestDaemon): FuzzRequest {
  if (!/(@|%40)\d/.test(`${asked.path} ${asked.body}`)) return asked;
  const networks = controller.networks();
  const objects = [
    ...networks,
    ...networks.flatMap((network) => network.endpoints()),
    ...controller.sandboxes(),
  ];
  const fill = (text: string) =>
    text.replaceAll(/(?:@|%40)(\d+)(~?)/g, (_whole, at: string, short: string) => {
      const id = objects[Number(at) % Math.max(objects.length, 1)]?.id ?? "none";
      return short === "" ? id : id.slice(0, 12);
    });
  return { ...asked, path: fill(asked.path), body: asked.body === undefined ? undefined : fill(asked.body) };
}

function send(
  socketPath: string,
  agent: Agent,
  { method, path, headers, body }: FuzzRequest,
): Promise<FuzzAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const asked = request({ socketPath, agent, method, path, headers: { ...headers, ...length } });
    asked.on("error", reject);
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("error", reject);
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: String(response.headers["content-type"]), text }),
      );
    });
    asked.end(body);
  });
}
