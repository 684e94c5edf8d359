// Who reaches whom, and under which address: every cell of test/isolation/tables.ts with packets, under both settings of
// br_netfilter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runLoopbackClaims } from "./isolation/loopback-source.ts";
import { deviations, render, runMatrix } from "./isolation/matrix.ts";
import { Scene } from "./isolation/scene.ts";
import { runSpoofing } from "./isolation/spoofing.ts";
import { tables } from "./isolation/tables.ts";

for (const bridgeFilter of [0, 1] as const) {
  test(`isolation, with bridge-nf-call-iptables=${bridgeFilter}`, async (t) => {
    await using scene = await Scene.create(t, bridgeFilter);

    await t.test("who reaches whom", async () => {
      const outcomes = await runMatrix(scene, tables);
      console.log(`\nbridge-nf-call-iptables=${bridgeFilter}\n\n${render(tables, outcomes)}\n`);
      assert.deepEqual(deviations(outcomes), []);
    });

    await t.test("who reaches whom after the controller was closed and opened", async () => {
      await scene.host.restart();
      assert.deepEqual(deviations(await runMatrix(scene, tables)), []);
    });

    await t.test("who may claim to be whom", async () => {
      const report = await runSpoofing(scene);
      console.log(`\nbridge-nf-call-iptables=${bridgeFilter}\n\n${report.text}\n`);
      assert.deepEqual(report.deviations, []);
    });

    await t.test("nobody else is the host's loopback", async () => {
      assert.deepEqual(await runLoopbackClaims(scene), []);
    });
  });
}
