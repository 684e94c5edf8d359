import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsPeer } from "../support/peers.ts";
import { simulate } from "./story.ts";

describe("a simulated cluster", { skip: needsPeer("etcd") }, () => {
  it("has every host's tables as the store says, after joins, replacements and a crash of etcd", async () => {
    const size = { hosts: 24, networks: 12, networksPerHost: 4, endpointsPerHost: 8, processes: 2 };
    const figures = await simulate(size, () => undefined);
    const wrong = figures.filter(({ name }) => name.endsWith("wrong entries"));
    assert.deepEqual(
      wrong.map(({ value }) => value),
      [0, 0, 0],
    );
    // Each network has 8 hosts with 2 endpoints: a host's tables have 14 others of each, by MAC and address.
    const entries = figures.find(({ name }) => name === "entries in all hosts' tables")?.value;
    assert.equal(entries, 24 * 4 * 14 * 2);
  });
});
