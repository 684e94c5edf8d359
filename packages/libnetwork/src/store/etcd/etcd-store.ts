/**
 * EtcdStore: the shared store, in etcd v3. A record is a key, its revision that of the key's last change; a commit is one transaction.
 */
import type {
  Availability,
  FollowEvent,
  Lease,
  LeaseId,
  SharedChange,
  SharedStore,
} from "../../contracts/shared-store.ts";
import type { StoredRecord, StoreEvent } from "../../contracts/store.ts";
import { CausewayError, hasCode } from "../../errors.ts";
import { leaseNotFound, revisionConflict, storeClosed } from "../failures.ts";
import { decodeShared } from "../record.ts";
import { Follower } from "../shared/follower.ts";
import { checkLeaseSeconds } from "../shared/lease-seconds.ts";
import { type EncodedSharedChange, encodeAll } from "../shared/shared-change.ts";
import { Watch } from "../watch.ts";
import { type ClientOptions, EtcdClient } from "./client.ts";
import { clientOptions } from "./client-options.ts";
import { type FollowingParts, keepFollowing } from "./following.ts";
import { Keys } from "./keys.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { Listing } from "./listing.ts";
import { leaseGrant, leaseRevoke, range, txn } from "./methods.ts";
import type { CheckedClusterOptions } from "./options.ts";
import { WatchStream } from "./watch-stream.ts";
import { keepWatching } from "./watching.ts";
import { compareTargetMod } from "./wire/messages.ts";

export class EtcdStore implements SharedStore {
  readonly #keys: Keys;
  readonly #client: EtcdClient;
  readonly #listing: Listing;
  readonly #watches: WatchStream;
  readonly #leases: LeaseKeeper;
  readonly #closing = new AbortController();

  private constructor(keys: Keys, options: ClientOptions) {
    this.#keys = keys;
    this.#client = new EtcdClient(options);
    this.#listing = new Listing(this.#client, keys);
    this.#watches = new WatchStream(this.#client, options.patience, this.#closing.signal);
    this.#leases = new LeaseKeeper(this.#client, this.#closing.signal);
  }

  /**
   * Connects; where etcd cannot be reached now, {@link availability} says so, and it is looked for.
   *
   * @param patience how long a call goes on asking member after member, milliseconds: an election takes a second or two
   * @throws cluster_file_unusable for a certificate, a key or a password that cannot be read
   */
  static async open(options: CheckedClusterOptions, { patience = 3500 } = {}): Promise<EtcdStore> {
    const keys = new Keys(options.cluster);
    const store = new EtcdStore(keys, { ...clientOptions(options, keys), patience });
    await store.#client.open();
    return store;
  }

  async get(kind: string, id: string): Promise<StoredRecord | undefined> {
    const { kvs } = await this.#client.call(range, { key: this.#keys.of(kind, id) });
    const [kv] = kvs;
    return kv && decodeShared(kind, id, { value: kv.value.toString(), revision: kv.modRevision });
  }

  async list(kind: string): Promise<readonly StoredRecord[]> {
    let records: StoredRecord[] = [];
    await this.#listing.pages(kind, (page, isFirst) => {
      if (isFirst) records = [];
      for (const [id, stored] of page.records) records.push(decodeShared(kind, id, stored));
    });
    return records;
  }

  async commit(changes: readonly SharedChange[]): Promise<number> {
    this.#mustBeOpen();
    if (changes.length === 0) {
      const { header } = await this.#client.call(range, { key: this.#keys.probe, countOnly: true });
      return header?.revision ?? 0;
    }
    const encoded = encodeAll(changes);
    const guarded = encoded.filter(({ ifRevision }) => ifRevision !== undefined);
    const answer = await this.#transaction(encoded, guarded);
    if (answer.succeeded) return answer.header?.revision ?? 0;
    for (const [at, { kind, id, ifRevision = 0 }] of guarded.entries()) {
      const found = answer.responses[at]?.range?.kvs[0]?.modRevision ?? 0;
      if (found !== ifRevision) throw revisionConflict(kind, id, ifRevision, found);
    }
    throw new CausewayError(
      "internal",
      "store_answer_odd",
      "etcd refused a commit whose conditions all hold",
    );
  }

  async lease(seconds: number): Promise<Lease> {
    checkLeaseSeconds(seconds);
    this.#mustBeOpen();
    const { id } = await this.#client.call(leaseGrant, { seconds });
    return this.#leases.keep(id, seconds, () => this.endLease(id));
  }

  async endLease(id: LeaseId): Promise<void> {
    try {
      await this.#client.call(leaseRevoke, { id });
    } catch (error) {
      if (!isLeaseNotFound(error)) throw error;
    }
  }

  watch(kind: string, signal?: AbortSignal): AsyncIterable<StoreEvent> {
    this.#mustBeOpen();
    const over = new AbortController();
    const watch = new Watch(signal, () => over.abort());
    if (signal?.aborted) watch.abort();
    const end = (): void => watch.end();
    this.#closing.signal.addEventListener("abort", end, { once: true, signal: over.signal });
    keepWatching(kind, watch, this.#parts, this.#client.seen, over.signal);
    return watch;
  }

  follow(kind: string, signal: AbortSignal): AsyncIterable<FollowEvent> {
    this.#mustBeOpen();
    return this.#follow(kind, AbortSignal.any([signal, this.#closing.signal]));
  }

  get availability(): Availability {
    return this.#client.availability;
  }

  onAvailability(listener: (now: Availability) => void, signal: AbortSignal): void {
    this.#client.onAvailability(listener, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#leases.close();
    this.#watches.close();
    this.#client.close();
  }

  async #transaction(changes: readonly EncodedSharedChange[], guarded: readonly EncodedSharedChange[]) {
    try {
      return await this.#client.call(txn, {
        compare: guarded.map(({ kind, id, ifRevision = 0 }) => ({
          target: compareTargetMod,
          key: this.#keys.of(kind, id),
          modRevision: ifRevision,
        })),
        success: changes.filter(({ op }) => op !== "expect").map((change) => this.#operation(change)),
        // To say what was found instead.
        failure: guarded.map(({ kind, id }) => ({ range: { key: this.#keys.of(kind, id), keysOnly: true } })),
      });
    } catch (error) {
      const lease = changes.find((change) => change.lease !== undefined)?.lease;
      throw isLeaseNotFound(error) && lease !== undefined ? leaseNotFound(lease) : error;
    }
  }

  #operation({ op, kind, id, text, lease }: EncodedSharedChange) {
    const key = this.#keys.of(kind, id);
    if (op === "delete") return { deleteRange: { key } };
    return { put: { key, value: Buffer.from(text), ...(lease !== undefined && { lease }) } };
  }

  async *#follow(kind: string, signal: AbortSignal): AsyncGenerator<FollowEvent, void, void> {
    const follower = new Follower(kind);
    const over = new AbortController();
    const ending = AbortSignal.any([signal, over.signal]);
    const end = (): void => follower.end();
    ending.addEventListener("abort", end, { once: true });
    if (ending.aborted) end();
    void keepFollowing(kind, follower, this.#parts, ending);
    try {
      yield* follower.events();
    } finally {
      over.abort();
    }
  }

  get #parts(): FollowingParts {
    return { client: this.#client, keys: this.#keys, listing: this.#listing, watches: this.#watches };
  }

  #mustBeOpen(): void {
    if (this.#client.isClosed) throw storeClosed();
  }
}

function isLeaseNotFound(error: unknown): boolean {
  return hasCode(error, "lease_not_found");
}
