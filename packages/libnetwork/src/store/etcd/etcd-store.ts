/**
 * EtcdStore: the shared store, in etcd v3. A record is a key, its revision that of the key's last change; a commit is one transaction.
 */
import { createSecureContext } from "node:tls";
import { files } from "@causeway/kernel";
import type {
  Availability,
  FollowEvent,
  Lease,
  SharedChange,
  SharedStore,
} from "../../contracts/shared-store.ts";
import type { StoredRecord, StoreEvent } from "../../contracts/store.ts";
import { CausewayError, messageOf } from "../../errors.ts";
import { changesForgotten, leaseNotFound, revisionConflict, storeClosed } from "../failures.ts";
import { decodeShared } from "../record.ts";
import { Follower } from "../shared/follower.ts";
import { checkLeaseSeconds } from "../shared/lease-seconds.ts";
import { type EncodedSharedChange, encodeAll } from "../shared/shared-change.ts";
import { Watch } from "../watch.ts";
import { type ClientOptions, EtcdClient } from "./client.ts";
import { Credentials } from "./credentials.ts";
import { keepFollowing } from "./following.ts";
import { Keys } from "./keys.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { Listing } from "./listing.ts";
import { leaseGrant, leaseRevoke, range, txn } from "./methods.ts";
import type { CheckedClusterOptions } from "./options.ts";
import { type WatchedChange, WatchStream } from "./watch-stream.ts";
import { compareTargetMod, eventTypeDelete } from "./wire/messages.ts";

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
    return this.#leases.keep(id, seconds, async () => {
      try {
        await this.#client.call(leaseRevoke, { id });
      } catch (error) {
        if (!isLeaseNotFound(error)) throw error;
      }
    });
  }

  watch(kind: string, signal?: AbortSignal): AsyncIterable<StoreEvent> {
    this.#mustBeOpen();
    const over = new AbortController();
    const watch = new Watch(signal, () => over.abort());
    if (signal?.aborted) watch.abort();
    const end = (): void => watch.end();
    this.#closing.signal.addEventListener("abort", end, { once: true, signal: over.signal });
    this.#keepWatching(kind, watch, this.#client.seen, over.signal);
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
    const parts = { client: this.#client, keys: this.#keys, listing: this.#listing, watches: this.#watches };
    void keepFollowing(kind, follower, parts, ending);
    try {
      yield* follower.events();
    } finally {
      over.abort();
    }
  }

  #keepWatching(kind: string, watch: Watch, start: number, over: AbortSignal): void {
    if (over.aborted) return;
    let position = start;
    const forgotten = (): void => watch.fail(changesForgotten());
    const stop = this.#watches.watch(this.#keys.range(kind), start, {
      changes: (changes) => {
        for (const change of changes) {
          const event = this.#eventOf(kind, change);
          if (!event) return forgotten();
          position = event.record.revision;
          watch.push(event);
        }
      },
      over: async (end) => {
        if (end === "behind") return forgotten();
        if (end !== "away") return watch.fail(end);
        await this.#client.available(over);
        this.#keepWatching(kind, watch, position, over);
      },
    });
    over.addEventListener("abort", stop, { once: true });
  }

  /** Undefined for a deletion of which the last value is not known any more. */
  #eventOf(kind: string, { type, kv, prevKv }: WatchedChange): StoreEvent | undefined {
    const valued = type === eventTypeDelete ? prevKv : kv;
    if (!kv || !valued) return undefined;
    const record = decodeShared(kind, this.#keys.idOf(kind, kv.key), {
      value: valued.value.toString(),
      revision: kv.modRevision,
    });
    return { type: type === eventTypeDelete ? "delete" : "put", record };
  }

  #mustBeOpen(): void {
    if (this.#client.isClosed) throw storeClosed();
  }
}

function isLeaseNotFound(error: unknown): boolean {
  return error instanceof CausewayError && error.code === "lease_not_found";
}

function clientOptions(
  { etcd, tls, user, passwordFile }: CheckedClusterOptions,
  keys: Keys,
): Omit<ClientOptions, "patience"> {
  const [ca, cert, key] = [tls?.ca, tls?.cert, tls?.key].map((path) => path && readFile(path));
  const certificates = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  try {
    createSecureContext(certificates);
  } catch (error) {
    throw unusable([tls?.ca, tls?.cert, tls?.key].filter((path) => path !== undefined).join(", "), error);
  }
  const reached = { endpoints: etcd, tls: certificates, probe: keys.probe };
  if (user === undefined || passwordFile === undefined) return reached;
  const password = (): string =>
    readFile(passwordFile)
      .toString()
      .replace(/\r?\n$/, "");
  password(); // that it can be read
  return { ...reached, credentials: new Credentials(user, password) };
}

function readFile(path: string): Buffer {
  try {
    return files.readFileSync(path);
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): CausewayError {
  const message = `${path} cannot be used to reach etcd (${messageOf(cause)}): name a PEM file, or a password's, that this process may read`;
  return new CausewayError("invalid", "cluster_file_unusable", message, { detail: { path }, cause });
}
