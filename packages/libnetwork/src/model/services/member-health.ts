/**
 * What an endpoint's owner says of its health: whether new connections to its service are led to it.
 */
import { forbidden } from "../../errors.ts";
import { boolean } from "../../options/parse.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { announceNames } from "../names/host-files.ts";
import { type EndpointRecord, put } from "../records.ts";
import { undoing } from "../undo.ts";
import { reviewMember } from "./balancing.ts";
import { isHealthy, serviceOf } from "./members.ts";

/** Whoever calls holds the locks of the endpoint's network, of itself and of its sandbox. */
export async function setHealthy(endpoint: EndpointCore, given: unknown): Promise<void> {
  endpoint.assertUsable();
  const healthy = boolean(given, "healthy");
  if (serviceOf(endpoint) === undefined) {
    throw forbidden(
      "endpoint_without_service",
      `endpoint "${endpoint.name}" belongs to no service: make it with the option service`,
    );
  }
  if (isHealthy(endpoint) === healthy) return;
  const { engine, network, record: before } = endpoint;
  await undoing(async (undo) => {
    const changed = { ...before, healthy };
    undo.push(() => become(endpoint, before));
    become(endpoint, changed);
    await engine.commit(put("endpoint", changed));
  });
  engine.events.emit("endpoint:health", endpoint, { network: network.id, healthy: String(healthy) });
}

function become(endpoint: EndpointCore, record: EndpointRecord): void {
  endpoint.record = record;
  reviewMember(endpoint);
  const { sandbox } = endpoint;
  if (sandbox !== undefined && !sandbox.lost) announceNames(sandbox);
}
