/**
 * Other names of an endpoint that is there.
 */

import type { EndpointCore } from "../endpoint-core.ts";
import { type EndpointRecord, put } from "../records.ts";
import { undoing } from "../undo.ts";
import { announceNames } from "./host-files.ts";
import { checkedEndpointNames } from "./name-options.ts";

/** Whoever calls holds the locks of the endpoint and of its sandbox. */
export async function updateNames(endpoint: EndpointCore, given: unknown): Promise<void> {
  endpoint.assertUsable();
  const names = checkedEndpointNames(given);
  const { engine, network, record: before } = endpoint;
  await undoing(async (undo) => {
    const changed = { ...before, options: { ...before.options, ...names } };
    undo.push(() => become(endpoint, before));
    // The files first: what they refuse is not stored.
    become(endpoint, changed);
    await engine.commit(put("endpoint", changed));
  });
  engine.events.emit("endpoint:names", endpoint, { network: network.id });
}

function become(endpoint: EndpointCore, record: EndpointRecord): void {
  endpoint.record = record;
  const { sandbox } = endpoint;
  if (sandbox !== undefined && !sandbox.lost) announceNames(sandbox);
}
