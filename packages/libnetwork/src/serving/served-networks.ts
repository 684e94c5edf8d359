/**
 * Networks, made and deleted for dockerd.
 */
import type { RequestOf } from "@causeway/plugin-sdk";
import { conflict } from "../errors.ts";
import { undoing } from "../model/undo.ts";
import { put, remove, type ServedNetwork } from "./records.ts";
import { networkSpec, wantsDirectConnect } from "./requests.ts";
import { dissolve, type ServedDriverParts } from "./served-parts.ts";

export function createNetwork(
  parts: ServedDriverParts,
  request: RequestOf<"NetworkDriver.CreateNetwork">,
): Promise<void> {
  const { driver, store, objects, mutex, letPass } = parts;
  const spec = networkSpec(request);
  const directConnect = wantsDirectConnect(request);
  return mutex.run([spec.id], async () => {
    const before = objects.networks.get(spec.id);
    if (before !== undefined) return assertSame(before, { spec, directConnect });
    driver.validateNetwork(spec);
    await undoing(async (undo) => {
      const state = await driver.createNetwork(spec);
      undo.push(() => driver.deleteNetwork(spec.id));
      await letPass();
      const record: ServedNetwork = { spec, state, directConnect };
      store.commit([put("served-network", spec.id, record)]);
      objects.networks.set(spec.id, record);
    });
  });
}

/** Endpoints that are in it dockerd has not got any more: it was killed before it wrote them down. */
export function deleteNetwork(
  parts: ServedDriverParts,
  { NetworkID: id }: RequestOf<"NetworkDriver.DeleteNetwork">,
): Promise<void> {
  const { driver, store, objects, mutex } = parts;
  const endpointIds = () => objects.endpointsOf(id).map(({ spec }) => spec.id);
  const keys = () => [id, ...endpointIds()];
  return mutex.run(keys, async () => {
    if (!objects.networks.has(id)) return;
    const left = endpointIds();
    store.commit([
      ...left.map((endpointId) => remove("served-endpoint", endpointId)),
      remove("served-network", id),
    ]);
    objects.networks.delete(id);
    for (const endpointId of left) await dissolve(parts, id, endpointId);
    await driver.deleteNetwork(id);
  });
}

/** The same network asked for again is there. @throws network_exists */
function assertSame(before: ServedNetwork, { spec, directConnect }: Omit<ServedNetwork, "state">): void {
  const isSame = (before.directConnect ?? false) === directConnect;
  if (isSame && JSON.stringify(before.spec) === JSON.stringify(spec)) return;
  throw conflict(
    "network_exists",
    `network ${spec.name} is there already, with other options or subnets: delete it first`,
    spec.id,
  );
}
