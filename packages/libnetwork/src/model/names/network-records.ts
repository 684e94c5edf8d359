/**
 * DNS records of a network: added and taken away by users, found by the sandboxes in it from the next question on.
 */
import type { AddedRecord } from "../../contracts/names.ts";
import { forbidden } from "../../errors.ts";
import type { NetworkCore } from "../network-core.ts";
import { put } from "../records.ts";
import { serviceRecords } from "../services/service-names.ts";
import { undoing } from "../undo.ts";
import { withoutRecords, withRecords } from "./record-list.ts";
import { checkedRecords, checkedSelectors, type NameRecord, nameRecord } from "./record-options.ts";
import { answersNames } from "./sandbox-names.ts";

export function recordsOf({ record }: NetworkCore): readonly NameRecord[] {
  return (record.names ?? []).map(nameRecord);
}

/**
 * Whoever calls holds the network's lock.
 *
 * @returns all of the network's records
 */
export async function addRecords(network: NetworkCore, given: unknown): Promise<readonly NameRecord[]> {
  network.assertUsable();
  const added = checkedRecords(given);
  if (!answersNames(network)) {
    const message = `names are not answered in network "${network.name}": make a network for them`;
    throw forbidden("network_without_names", message);
  }
  return replace(network, (names) => withRecords(names, added));
}

/**
 * Whoever calls holds the network's lock.
 *
 * @returns those that are left
 */
export async function removeRecords(network: NetworkCore, given: unknown): Promise<readonly NameRecord[]> {
  network.assertUsable();
  const going = checkedSelectors(given);
  return replace(network, (names) => withoutRecords(names, going, network.name));
}

async function replace(
  network: NetworkCore,
  change: (names: readonly AddedRecord[]) => readonly AddedRecord[],
): Promise<readonly NameRecord[]> {
  const { engine } = network;
  await undoing(async (undo) => {
    const isShared = network.record.shared === true && engine.global !== undefined;
    const names = isShared
      ? await engine.global.changeNames(network, change, undo)
      : change(network.record.names ?? []);
    const record = { ...network.record, names };
    await engine.commit(put("network", record));
    network.record = record;
  });
  tellRecords(network);
  engine.events.emit("network:records", network, {
    records: String(network.record.names?.length ?? 0),
  });
  return recordsOf(network);
}

/** To the resolver; of a network that is gone, none. */
export function tellRecords(network: NetworkCore): void {
  const { engine, id, record, deleted } = network;
  const records = deleted ? [] : [...(record.names ?? []), ...serviceRecords(network)];
  engine.parts.resolver?.tellRecords(id, records);
}
