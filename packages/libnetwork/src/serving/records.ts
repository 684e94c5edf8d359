/**
 * What is stored of what was promised to somebody else's model: networks, endpoints, pools and addresses, each before it is answered.
 */
import type { EndpointSpec, EndpointState, NetworkSpec } from "../contracts/driver.ts";
import type { PlainData, StoreChange, StoredRecord } from "../contracts/store.ts";
import { CausewayError } from "../errors.ts";

export interface ServedNetwork {
  readonly spec: NetworkSpec;
  /** What the driver answered, for its restoring. */
  readonly state: PlainData;
  /** Option `directConnect`. */
  readonly directConnect?: boolean;
}

export interface ServedEndpoint {
  readonly spec: EndpointSpec;
  /** The MAC is one that we chose, and told. */
  readonly macChosen: boolean;
  readonly state: EndpointState;
  /** Its pair of links is there. */
  readonly joined: boolean;
  /** Path of the sandbox that its interface was made in. Undefined: it was made on the host, for dockerd to move. */
  readonly inside?: string | undefined;
  /** What it is called where it is made in a sandbox. Undefined: nobody chose. */
  readonly interfaceName?: string | undefined;
}

export interface ServedPool {
  readonly addressSpace: string;
  readonly poolId: string;
  readonly pool: string;
  readonly subPool?: string;
  readonly v6: boolean;
}

export interface ServedAddress {
  readonly poolId: string;
  /** Without prefix length. */
  readonly address: string;
}

interface RecordOfKind {
  "served-network": ServedNetwork;
  "served-endpoint": ServedEndpoint;
  "served-pool": ServedPool;
  "served-address": ServedAddress;
}
export type ServedKind = keyof RecordOfKind;

/** A store that answers at once. */
export interface ServedStore {
  list(kind: string): readonly StoredRecord[];
  commit(changes: readonly StoreChange[]): number;
  /** For what ends with the machine's power: it outlives a kill, and is on the disk a moment later (ADR 0033). */
  commitSoon(changes: readonly StoreChange[]): number;
}

export function put<K extends ServedKind>(kind: K, id: string, record: RecordOfKind[K]): StoreChange {
  return { op: "put", kind, id, value: record as unknown as PlainData };
}

export function remove(kind: ServedKind, id: string): StoreChange {
  return { op: "delete", kind, id };
}

/** Texts that a record of each kind cannot be without; drivers check what is theirs. */
const needed: Readonly<Record<ServedKind, readonly string[]>> = {
  "served-network": ["spec.id"],
  "served-endpoint": ["spec.id", "spec.networkId", "spec.interface.mac"],
  "served-pool": ["addressSpace", "poolId", "pool"],
  "served-address": ["poolId", "address"],
};

/**
 * The records of a kind in the order in which they were last written.
 *
 * @param onUnreadable told of those that cannot be read: they are left alone, and nothing is known of them
 */
export function listRecords<K extends ServedKind>(
  store: ServedStore,
  kind: K,
  onUnreadable: (error: unknown) => void,
): readonly RecordOfKind[K][] {
  return [...store.list(kind)]
    .sort((one, other) => one.revision - other.revision)
    .flatMap(({ id, value }) => {
      const missing = needed[kind].find((path) => typeof valueAt(value, path) !== "string");
      if (missing === undefined) return [value as unknown as RecordOfKind[K]];
      onUnreadable(
        new CausewayError(
          "unavailable",
          "record_unreadable",
          `what is stored of ${kind} ${id} cannot be read: ${missing} is no text; it is left alone: open with the release that wrote it, or restore a backup`,
          { detail: { kind, id } },
        ),
      );
      return [];
    });
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (found, key) => (typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined),
      value,
    );
}
