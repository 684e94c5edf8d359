/**
 * What the handlers of networks, endpoints and joins share: their parts, and how an endpoint gets into the books and out of them.
 */
import type { Driver } from "../contracts/driver.ts";
import type { KeyedMutex } from "../model/keyed-mutex.ts";
import type { EndpointLinks } from "./endpoint-links.ts";
import type { OwedLeaves } from "./owed-leaves.ts";
import { put, type ServedEndpoint, type ServedStore } from "./records.ts";
import type { ServedObjects } from "./served-objects.ts";

export interface ServedDriverParts {
  readonly driver: Driver;
  readonly store: ServedStore;
  readonly objects: ServedObjects;
  readonly links: EndpointLinks;
  readonly owed: OwedLeaves;
  readonly mutex: KeyedMutex;
  /** Sees to it that the host's other rules let our networks be: with each network, and when dockerd has started anew. */
  readonly letPass: () => Promise<void>;
}

/** Stored first. */
export function keep(parts: ServedDriverParts, record: ServedEndpoint): void {
  parts.store.commitSoon([put("served-endpoint", record.spec.id, record)]);
  parts.objects.endpoints.set(record.spec.id, record);
}

/** Out of the kernel and out of the books; its record is gone. */
export async function dissolve(parts: ServedDriverParts, networkId: string, id: string): Promise<void> {
  const { driver, objects, owed } = parts;
  const isJoined = objects.endpoints.get(id)?.joined === true;
  objects.endpoints.delete(id);
  if (owed.take(id) || isJoined) await driver.leave(networkId, id);
  await driver.deleteEndpoint(networkId, id);
}
