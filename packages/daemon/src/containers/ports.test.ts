import assert from "node:assert/strict";
import { test } from "node:test";
import type { Network, PublishOptions, Sandbox } from "@causeway/libnetwork";
import { pino } from "pino";
import { labelsOfPorts, portsFor, publishElsewhere } from "./ports.ts";

const wish = [{ containerPort: 80, hostPort: 8080 }];
const log = pino({ enabled: false });
const outer = { internal: false } as Network;
const inner = { internal: true } as Network;

/** A sandbox whose container publishes a port, in two networks; what of it is asked of these. */
function scene(publish: readonly PublishOptions[], way?: string, network = outer) {
  const asked: string[] = [];
  const endpoints = ["first", "second"].map((id) => ({
    id,
    network,
    bindings: [],
    record: { options: { publish: id === "first" ? publish : [] } },
    publish: async () => asked.push(id),
  }));
  const sandbox = {
    record: { options: { labels: labelsOfPorts(wish) } },
    endpoints: () => endpoints,
    gateway: () => endpoints.find(({ id }) => id === way),
  } as unknown as Sandbox;
  return { asked, sandbox };
}

test("a port that somebody else has at the moment is not published by another network besides", async () => {
  const { asked, sandbox } = scene(wish);
  assert.deepEqual(portsFor(outer, sandbox), []);
  await publishElsewhere(sandbox, log);
  assert.deepEqual(asked, []);
  assert.deepEqual(portsFor(outer, scene([]).sandbox), wish);
});

test("ports are published by the way out, and by any network where that is none of the container's own", async () => {
  for (const [way, by] of [
    ["second", "second"],
    [undefined, "first"],
  ] as const) {
    const { asked, sandbox } = scene([], way);
    await publishElsewhere(sandbox, log);
    assert.deepEqual(asked, [by]);
  }
});

test("no internal network is asked to publish", async () => {
  const { asked, sandbox } = scene([], undefined, inner);
  assert.deepEqual(portsFor(inner, sandbox), []);
  await publishElsewhere(sandbox, log);
  assert.deepEqual(asked, []);
});
