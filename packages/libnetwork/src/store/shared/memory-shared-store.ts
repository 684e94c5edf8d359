/**
 * A shared store in memory, for unit tests: what hosts share is a SharedMemory, and each host connects to it. Leases end when the test
 * says so, and a host is cut off when the test says so: no time passes here.
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
import { changesForgotten, leaseNotFound, storeClosed, storeUnavailable } from "../failures.ts";
import { checkRevision, decode, type StoredText } from "../record.ts";
import { Watchers } from "../watch.ts";
import { Follower } from "./follower.ts";
import { checkLeaseSeconds } from "./lease-seconds.ts";
import { Reachability } from "./reachability.ts";
import { type EncodedSharedChange, encodeAll } from "./shared-change.ts";

interface Kept extends StoredText {
  readonly lease?: LeaseId;
}

/** What the hosts of a test share. */
export class SharedMemory {
  readonly #kinds = new Map<string, Map<string, Kept>>();
  readonly #leases = new Map<LeaseId, AbortController>();
  readonly #stores = new Set<MemorySharedStore>();
  #revision = 0;
  #leasesTaken = 0;

  /** A host's store. */
  connect(): MemorySharedStore {
    const store = new MemorySharedStore(this);
    this.#stores.add(store);
    return store;
  }

  /** Ends a lease as time does that passes without a renewal. */
  expire(lease: LeaseId): void {
    this.#leases.get(lease)?.abort();
    this.endLease(lease);
  }

  /** What hosts that are cut off at the moment have missed is forgotten: their watches fail, and followers are told what is left. */
  compact(): void {
    for (const store of this.#stores) store.forget();
  }

  get revision(): number {
    return this.#revision;
  }

  get(kind: string, id: string): StoredRecord | undefined {
    const kept = this.#kinds.get(kind)?.get(id);
    return kept && decode(kind, id, kept);
  }

  /** In byte order of the ids. */
  entries(kind: string): readonly (readonly [string, StoredText])[] {
    return [...(this.#kinds.get(kind) ?? [])].sort(([a], [b]) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
  }

  /** `kind/id` of every record, in the order of the texts. */
  records(): readonly string[] {
    return [...this.#kinds].flatMap(([kind, all]) => [...all.keys()].map((id) => `${kind}/${id}`)).sort();
  }

  commit(changes: readonly EncodedSharedChange[]): number {
    for (const change of changes) {
      checkRevision(change, this.#kinds.get(change.kind)?.get(change.id)?.revision ?? 0);
      if (change.lease !== undefined && !this.#leases.has(change.lease)) throw leaseNotFound(change.lease);
    }
    return this.#apply(changes);
  }

  takeLease(): { readonly id: LeaseId; readonly lost: AbortSignal } {
    this.#leasesTaken += 1;
    const id = `lease-${this.#leasesTaken}`;
    const ended = new AbortController();
    this.#leases.set(id, ended);
    return { id, lost: ended.signal };
  }

  endLease(lease: LeaseId): void {
    if (!this.#leases.delete(lease)) return;
    const under = [...this.#kinds].flatMap(([kind, records]) =>
      [...records].filter(([, kept]) => kept.lease === lease).map(([id]) => ({ kind, id })),
    );
    this.#apply(under.map((record) => ({ ...record, op: "delete", text: "" })));
  }

  disconnect(store: MemorySharedStore): void {
    this.#stores.delete(store);
  }

  #apply(changes: readonly EncodedSharedChange[]): number {
    const revision = this.#revision + 1;
    const events: StoreEvent[] = [];
    for (const { op, kind, id, text, lease } of changes) {
      const records = this.#kinds.get(kind) ?? new Map<string, Kept>();
      this.#kinds.set(kind, records);
      const value = op === "put" ? text : records.get(id)?.value;
      if (op === "expect" || value === undefined) continue;
      if (op === "put") records.set(id, { value, revision, ...(lease !== undefined && { lease }) });
      else records.delete(id);
      events.push({ type: op, record: decode(kind, id, { value, revision }) });
    }
    if (events.length > 0) this.#revision = revision;
    for (const store of this.#stores) store.hear(events);
    return this.#revision;
  }
}

/** One host's store. */
export class MemorySharedStore implements SharedStore {
  readonly #memory: SharedMemory;
  readonly #watchers = new Watchers();
  readonly #followers = new Map<string, Set<Follower>>();
  readonly #reachability = new Reachability({ available: true });
  #closed = false;
  #losesAnswer = false;
  /** What happened while this host was cut off, for watches; undefined: more than is remembered. */
  #missed: StoreEvent[] | undefined = [];

  constructor(memory: SharedMemory) {
    this.#memory = memory;
  }

  /** Cuts this host off: its calls fail. Its leases end only by {@link SharedMemory.expire}. */
  cutOff(reason = "cut off by the test"): void {
    this.#reachability.set({ available: false, reason });
    this.#eachFollower((follower) => follower.stale());
  }

  back(): void {
    const missed = this.#missed;
    this.#missed = [];
    this.#reachability.set({ available: true });
    if (missed) this.#watchers.publish(missed);
    else for (const kind of this.#watchers.kinds) this.#watchers.fail(kind, changesForgotten());
    for (const [kind, followers] of this.#followers) {
      for (const follower of followers) this.#settle(kind, follower);
    }
  }

  /** The next commit happens, but its answer does not come. */
  loseAnswer(): void {
    this.#losesAnswer = true;
  }

  /** By the memory: what happened. */
  hear(events: readonly StoreEvent[]): void {
    if (!this.availability.available) {
      this.#missed?.push(...events);
      return;
    }
    this.#watchers.publish(events);
    for (const { type, record } of events) {
      for (const follower of this.#followers.get(record.kind) ?? []) {
        if (type === "delete") follower.delete(record.id, record.revision);
        else follower.put(record.id, { value: JSON.stringify(record.value), revision: record.revision });
      }
    }
  }

  /** By the memory: what was missed is forgotten. */
  forget(): void {
    if (!this.availability.available) this.#missed = undefined;
  }

  async get(kind: string, id: string): Promise<StoredRecord | undefined> {
    this.#mustAnswer();
    return this.#memory.get(kind, id);
  }

  async list(kind: string): Promise<readonly StoredRecord[]> {
    this.#mustAnswer();
    return this.#memory.entries(kind).map(([id, stored]) => decode(kind, id, stored));
  }

  async commit(changes: readonly SharedChange[]): Promise<number> {
    this.#mustAnswer();
    const revision = this.#memory.commit(encodeAll(changes));
    if (!this.#losesAnswer) return revision;
    this.#losesAnswer = false;
    throw storeUnavailable("no answer came", { maybeCommitted: true });
  }

  async lease(seconds: number): Promise<Lease> {
    checkLeaseSeconds(seconds);
    this.#mustAnswer();
    const { id, lost } = this.#memory.takeLease();
    const end = async (): Promise<void> => {
      this.#mustAnswer();
      this.#memory.endLease(id);
    };
    return { id, seconds, lost, end };
  }

  async endLease(id: LeaseId): Promise<void> {
    this.#mustAnswer();
    this.#memory.expire(id);
  }

  watch(kind: string, signal?: AbortSignal): AsyncIterable<StoreEvent> {
    this.#mustBeOpen();
    return this.#watchers.add(kind, signal);
  }

  follow(kind: string, signal: AbortSignal): AsyncIterable<FollowEvent> {
    this.#mustBeOpen();
    return this.#follow(kind, signal);
  }

  async *#follow(kind: string, signal: AbortSignal): AsyncGenerator<FollowEvent, void, void> {
    const follower = new Follower(kind);
    const followers = this.#followers.get(kind) ?? new Set();
    this.#followers.set(kind, followers.add(follower));
    const end = (): void => follower.end();
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted || this.#closed) end();
    if (this.availability.available) this.#settle(kind, follower);
    else follower.stale();
    try {
      yield* follower.events();
    } finally {
      signal.removeEventListener("abort", end);
      followers.delete(follower);
    }
  }

  get availability(): Availability {
    return this.#reachability.now;
  }

  onAvailability(listener: (now: Availability) => void, signal: AbortSignal): void {
    this.#reachability.onChange(listener, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#memory.disconnect(this);
    this.#watchers.close();
    this.#eachFollower((follower) => follower.end());
  }

  #settle(kind: string, follower: Follower): void {
    const entries = this.#memory.entries(kind);
    for (const [id, stored] of entries) follower.put(id, stored);
    follower.retain(new Set(entries.map(([id]) => id)), this.#memory.revision);
    follower.settled();
  }

  #eachFollower(action: (follower: Follower) => void): void {
    for (const followers of this.#followers.values()) followers.forEach(action);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw storeClosed();
  }

  #mustAnswer(): void {
    this.#mustBeOpen();
    const { available, reason } = this.availability;
    if (!available) throw storeUnavailable(reason ?? "no reason known");
  }
}
