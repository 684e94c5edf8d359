/**
 * Other names of an endpoint that is there.
 */

import type { EndpointCore } from "./endpoint-core.ts";
import { announceNames } from "./host-files.ts";
import { checkedEndpointNames } from "./name-options.ts";
import { put } from "./records.ts";

/** Whoever calls holds the locks of the endpoint and of its sandbox. */
export async function updateNames(endpoint: EndpointCore, given: unknown): Promise<void> {
  endpoint.assertUsable();
  const names = checkedEndpointNames(given);
  const { engine, network, record, sandbox } = endpoint;
  const changed = { ...record, options: { ...record.options, ...names } };
  await engine.commit(put("endpoint", changed));
  endpoint.record = changed;
  if (sandbox !== undefined && !sandbox.lost) announceNames(sandbox);
  engine.events.emit("endpoint:names", endpoint, { network: network.id });
}
