/**
 * Taking up, after a restart, what is served. What cannot be taken up is told and stands in nobody's way.
 */
import type { Driver } from "../contracts/driver.ts";
import type { StoreChange } from "../contracts/store.ts";
import type { EndpointLinks } from "./endpoint-links.ts";
import { listRecords, put, remove, type ServedEndpoint, type ServedStore } from "./records.ts";
import type { ServedObjects } from "./served-objects.ts";

export interface RestoringParts {
  readonly driver: Driver;
  readonly store: ServedStore;
  readonly objects: ServedObjects;
  readonly links: EndpointLinks;
  readonly onProblem: (error: unknown) => void;
}

export async function restoreServed(parts: RestoringParts): Promise<void> {
  const { driver, store, objects, onProblem } = parts;
  for (const record of listRecords(store, "served-network", onProblem)) {
    // Known even where the driver cannot take it up: it can be deleted.
    objects.networks.set(record.spec.id, record);
    await attempt(onProblem, () => driver.restoreNetwork(record.spec, record.state));
  }
  const changes: StoreChange[] = [];
  for (const stored of listRecords(store, "served-endpoint", onProblem)) {
    const { id, networkId } = stored.spec;
    if (!objects.networks.has(networkId)) {
      changes.push(remove("served-endpoint", id));
      continue;
    }
    const record = asItIs(parts, stored);
    if (record !== stored) changes.push(put("served-endpoint", id, record));
    objects.endpoints.set(id, record);
    await attempt(onProblem, async () => {
      const withheld = await driver.restoreEndpoint(record.spec, record.state, record.joined);
      // The record keeps them: the next start tries again.
      for (const { error } of withheld) onProblem(error);
    });
  }
  if (changes.length > 0) store.commit(changes);
}

/** One whose links are gone was in a sandbox that is gone: it holds no ports any more. dockerd will say that it leaves, or has forgotten it. */
function asItIs({ links }: RestoringParts, stored: ServedEndpoint): ServedEndpoint {
  if (!stored.joined || links.areThere(stored.spec.id)) return stored;
  return { ...stored, state: { ...stored.state, bindings: [] }, joined: false };
}

async function attempt(onProblem: (error: unknown) => void, action: () => unknown): Promise<void> {
  try {
    await action();
  } catch (error) {
    onProblem(error);
  }
}
