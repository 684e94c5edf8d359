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
