/**
 * What becomes of this host's endpoints when it is registered in the cluster, after a restart or after it was away: remnants are given back,
 * and what it had it takes again. What somebody else has by then it yields.
 */
import { addressOf } from "../../address/cidr.ts";
import type { Cluster, KeptAddress } from "../../contracts/cluster.ts";
import { addressReleases } from "../addressing.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { Engine } from "../engine.ts";
import { carryOut } from "../intents/step.ts";
import { leaveSandbox } from "../membership.ts";
import { noteProblem } from "../problems.ts";
import { put } from "../records.ts";

/** @throws store_unavailable */
export async function takeAgain(engine: Engine, { allocations, addresses }: Cluster): Promise<void> {
  // One whose record cannot be read keeps what it has.
  await allocations.settle((id) => engine.endpoints.has(id) || engine.unrestored.has(id));
  const endpoints = [...engine.endpoints.values()].filter(
    ({ network, record }) => network.record.shared === true && record.yielded !== true,
  );
  for (const endpoint of endpoints)
    if (keptBy(endpoint).length === 0) await addresses.holdAgain(owned(endpoint));
  const lost = await addresses.retake(endpoints.flatMap(keptBy));
  for (const endpoint of endpoints) if (endpoint.deleted) await giveBack(endpoint);
  for (const { endpointId, address } of lost) await yieldAddress(engine, endpointId, address);
}

/** Addresses that the cluster has given. */
export function keptBy(endpoint: EndpointCore): readonly KeptAddress[] {
  if (endpoint.network.ipam.remote) return [];
  const { ipv4, ipv6 } = endpoint.record.interface;
  return [ipv4, ipv6]
    .filter((cidr) => cidr !== undefined)
    .map((cidr) => ({ ...owned(endpoint), address: addressOf(cidr) }));
}

/** Whose it is, and a member of which service. */
function owned({ id, network, record }: EndpointCore): Omit<KeptAddress, "address"> {
  const { service } = record.options;
  return {
    networkId: network.id,
    endpointId: id,
    ...(service !== undefined && { service: service.name }),
  };
}

/** It was deleted while its addresses were taken again. */
async function giveBack({ engine, id, network, record }: EndpointCore): Promise<void> {
  const owner = { networkId: network.id, endpointId: id };
  const steps = addressReleases(network.ipam, network.record.pools, owner, record.interface);
  for (const step of steps) await carryOut(engine, step);
}

/** Somebody else has its address: it is cut off, and stays so. */
async function yieldAddress(engine: Engine, endpointId: string, address: string): Promise<void> {
  const keys = () => [endpointId, engine.endpoints.get(endpointId)?.sandbox?.id ?? endpointId];
  await engine.exclusively(keys, async () => {
    const endpoint = engine.endpoints.get(endpointId);
    if (endpoint === undefined || endpoint.record.yielded === true) return;
    const { network, sandbox, name } = endpoint;
    endpoint.record = { ...endpoint.record, yielded: true };
    try {
      if (sandbox === undefined) await engine.commit(put("endpoint", endpoint.record));
      // It is stored with the leave.
      else await leaveSandbox(endpoint, sandbox);
    } catch (error) {
      noteProblem(engine, { kind: "endpoint", id: endpointId, name, error });
    }
    engine.events.emit("endpoint:yield", endpoint, { network: network.id, address });
  });
}
