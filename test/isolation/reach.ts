// One question with a known outcome: what has to come is waited for, what must not come is not waited for long.

import assert from "node:assert/strict";
import type { NetNamespace } from "@causeway/kernel";
import { canConnect } from "../support/traffic.ts";

/** How long an answer may take on a busy machine, and how long none may come: milliseconds. */
export const patience = 15_000;
export const silence = 250;

/** Fails unless a TCP connection gets through, or does not, as expected. */
export async function assertReach(
  expected: boolean,
  what: string,
  from: NetNamespace,
  address: string,
  port: number,
): Promise<void> {
  const timeout = expected ? patience : silence;
  assert.equal(await canConnect(from, address, port, { timeout }), expected, `${what}: ${address} ${port}`);
}
