// What tests of the doctor do again and again.

import assert from "node:assert/strict";
import { NftContext } from "@causeway/kernel";
import type { HealthItem, NetworkController } from "@causeway/libnetwork";
import type { TestHost } from "../support/host.ts";

/** Runs nft in the host, as an operator would. */
export function nft(host: TestHost, commands: string): void {
  using context = new NftContext(host.namespace);
  context.run(commands);
}

export function codes(items: readonly HealthItem[]): string[] {
  return items.map(({ code }) => code);
}

/** The doctor finds nothing. */
export async function assertWell(controller: NetworkController): Promise<void> {
  const { ok, items } = await controller.inspectHealth();
  assert.deepEqual(items, []);
  assert.equal(ok, true);
}

/** The doctor finds this and nothing else, repair mends all of it, and after that all is well; answers with what was found. */
export async function assertMends(
  controller: NetworkController,
  ...expected: readonly string[]
): Promise<readonly HealthItem[]> {
  const { ok, items } = await controller.inspectHealth();
  assert.equal(ok, false);
  assert.deepEqual(new Set(codes(items)), new Set(expected), JSON.stringify(items, undefined, 1));
  assert.ok(items.every(({ repairable, mend }) => repairable && mend !== ""));
  assert.deepEqual(JSON.parse(JSON.stringify(items)), items, "plain data");
  assert.deepEqual(await controller.repair(), { mended: items, left: [] });
  await assertWell(controller);
  assert.deepEqual(await controller.repair(), { mended: [], left: [] });
  return items;
}
