// What a host told the others before it was killed, and what of it is so no more when it is back.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Attachment } from "@causeway/libnetwork";
import { ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { canPing } from "../support/traffic.ts";

function addressOf({ endpoint }: Attachment): string {
  return endpoint.info().ipv4?.split("/")[0] ?? "";
}

describe("a host whose former life is not over", () => {
  checkLeaks();

  it("has the others forget who left while the store was away, and nobody else", async () => {
    await using cluster = await ClusterHosts.create(2);
    const [one, two] = [cluster.host(1), cluster.host(2)];
    await one.controller.newNetwork("overlay", "web");
    const stays = await one.attach("web", "stays");
    const left = await one.attach("web", "left");
    const b = await two.attach("web", "b");
    using inside = namespaceOf(b.sandbox);
    await eventually(async () => assert.ok(await canPing(inside, addressOf(left))));
    const network = await two.network("web");
    const known = () =>
      network
        .names()
        .flatMap(({ names }) => names)
        .sort();
    await eventually(() => assert.deepEqual(known(), ["b", "left", "stays"]));
    one.store.cutOff();
    await left.sandbox.delete({ endpoints: "delete" });
    await one.stop();
    assert.deepEqual(known(), ["b", "left", "stays"], "nobody has told yet");
    let isMissed = false;
    using watching = { [Symbol.dispose]: () => clearInterval(timer) };
    const timer = setInterval(() => (isMissed ||= !known().includes("stays")), 1);
    await one.start();
    await eventually(() => assert.deepEqual(known(), ["b", "stays"]));
    watching[Symbol.dispose]();
    assert.ok(!isMissed, "who stays was known all the time");
    assert.ok(await canPing(inside, addressOf(stays)));
    await cluster.clear();
  });
});
