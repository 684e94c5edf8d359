// Health of one thing alone: what whoever hears of an event of the kernel asks for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { link } from "@causeway/kernel";
import { inspectSubject, mendSubject } from "../../packages/libnetwork/src/model/health/subjects.ts";
import { Network } from "../../packages/libnetwork/src/network.ts";
import { TestHost } from "../support/host.ts";
import { ipv4Only } from "../support/scenes.ts";
import { assertWell, codes, nft } from "./support.ts";

test("one subject is looked at and mended alone, waits for its turn, and of what is no more nothing is said", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const network = await ipv4Only(host, "n", 1, { driverOptions: { bridgeName: "br-test" } });
  const { engine } = Network.core(network);
  const subject = { kind: "network", id: network.id, name: "n" } as const;
  const firewall = { kind: "firewall" } as const;
  host.rtnl.execute(link.change({ name: "br-test" }, { up: false }));
  nft(host, "flush chain inet causeway published");
  assert.deepEqual(codes(await inspectSubject(engine, subject)), ["bridge_down"]);
  assert.deepEqual(codes(await inspectSubject(engine, firewall)), ["firewall_rules_altered"]);
  const busy = Promise.withResolvers<void>();
  const operation = engine.exclusively([network.id], () => busy.promise);
  let mended = false;
  const mend = mendSubject(engine, subject).finally(() => {
    mended = true;
  });
  assert.deepEqual(await mendSubject(engine, firewall), []);
  assert.equal(mended, false, "an operation on the network is not disturbed");
  busy.resolve();
  await operation;
  assert.deepEqual(await mend, []);
  await assertWell(host.controller);
  await network.delete();
  assert.deepEqual(await mendSubject(engine, subject), []);
  for (const kind of ["endpoint", "sandbox"] as const)
    assert.deepEqual(await mendSubject(engine, { kind, id: "none", name: "none" }), []);
});
