/**
 * Allocations: things that only one has in the whole cluster, given to this host and given back. Each is a record, and beside it, from the
 * same commit, a record of what the host holds: by that it is found again when the host is gone, and by its revision nobody gives back
 * what is somebody else's by then.
 */
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { PlainData, StoredRecord } from "../contracts/store.ts";
import { Debt } from "./debt.ts";
import { hasNoPlace, isConflict, isDoubtful, storeUnavailable } from "./failures.ts";
import { type HeldThing, holdingOf, keyOf, readHeld } from "./held-things.ts";
import { heldKind } from "./kinds.ts";
import type { Membership } from "./membership.ts";

/** Deletions of a commit: two changes each, of the 128 that etcd takes. */
const batchSize = 40;

export class Allocations {
  readonly #store: SharedStore;
  readonly #membership: Membership;
  /** What was taken in this run, with the revision of both records. Here and below by {@link holdingOf}: two owners may ask for a thing at a time. */
  readonly #taken = new Map<string, HeldThing & { readonly revision: number }>();
  /** What is being asked for. */
  readonly #asked = new Set<HeldThing>();
  /** What is to be given back when the store can be reached. */
  readonly #owed = new Map<string, HeldThing>();
  /** Of what is owed, what may yet be taken: a commit without an answer may happen late. */
  readonly #unsure = new Set<string>();
  readonly #debt: Debt;

  /** @param signal aborts when this is used no more */
  constructor(store: SharedStore, membership: Membership, signal: AbortSignal) {
    this.#store = store;
    this.#membership = membership;
    this.#debt = new Debt(store, signal, () => this.#payAll(), hasNoPlace);
  }

  /**
   * Takes a thing that nobody has.
   *
   * @param guards what else has to hold, and what else is changed
   * @throws revision_conflict where somebody has it, or a guard does not hold; store_unavailable
   */
  async take(thing: HeldThing, value: PlainData, ...guards: readonly SharedChange[]): Promise<void> {
    const { kind, id, owner } = thing;
    const holding = holdingOf(thing);
    const changes: readonly SharedChange[] = [
      ...guards,
      { op: "put", kind, id, value, ifRevision: 0 },
      { op: "put", kind: this.#kind, id: keyOf(thing), value: { kind, id, owner } },
    ];
    const asked: HeldThing = { kind, id, owner };
    this.#asked.add(asked);
    try {
      const revision = await this.#membership.commit(changes);
      this.#taken.set(holding, { ...thing, revision });
      this.#owed.delete(holding);
    } catch (error) {
      if (isDoubtful(error)) {
        this.#unsure.add(holding);
        void this.giveBack(thing);
      }
      throw error;
    } finally {
      this.#asked.delete(asked);
    }
  }

  /** Gives a thing back, at once or when the store can be reached. Nothing is wrong with one that is not held for this owner. */
  async giveBack(...things: readonly HeldThing[]): Promise<void> {
    for (const thing of things) {
      this.#taken.delete(holdingOf(thing));
      this.#owed.set(holdingOf(thing), thing);
    }
    await this.payOwed();
  }

  /** What was taken in this run for an owner, and is held still: with the changes by which the owner itself comes to hold it. */
  handOver(owner: string): {
    readonly things: readonly HeldThing[];
    readonly changes: readonly SharedChange[];
  } {
    const mine = [...this.#taken.values()].filter((thing) => thing.owner === owner);
    return {
      things: mine.map(({ kind, id }) => ({ kind, id, owner })),
      changes: mine.map((thing) => ({
        op: "delete",
        kind: this.#kind,
        id: keyOf(thing),
        ifRevision: thing.revision,
      })),
    };
  }

  /** The commit with the changes of {@link handOver} has happened. */
  handedOver(things: readonly HeldThing[]): void {
    for (const thing of things) this.#taken.delete(holdingOf(thing));
  }

  /**
   * Gives back what earlier runs took for owners that there are no more.
   *
   * @throws store_unavailable, also while something is to be given back that an owner there is may have
   */
  async settle(isOwner: (id: string) => boolean): Promise<void> {
    const held = await this.held();
    // What is taken meanwhile is no remnant.
    const asked = new Set([...this.#asked].map(holdingOf));
    const isOfThisRun = (holding: string) => this.#taken.has(holding) || asked.has(holding);
    const strays = held.filter((thing) => !isOfThisRun(holdingOf(thing)) && !isOwner(thing.owner));
    await this.giveBack(...strays);
    // An owner that finds in the store that it has it would lose it later.
    if ([...this.#owed.values()].some(({ owner }) => isOwner(owner)))
      throw storeUnavailable("what was asked for without an answer is not given back yet");
  }

  /** What this host holds. @throws store_unavailable */
  async held(): Promise<readonly HeldThing[]> {
    const records = await this.#store.list(this.#kind);
    return records.map(({ value }) => readHeld(value)).filter((thing) => thing !== undefined);
  }

  /** Gives back what is owed, as far as the store can be reached. */
  payOwed(): Promise<void> {
    return this.#debt.pay();
  }

  async #payAll(): Promise<void> {
    const unsure = [...this.#unsure];
    if (unsure.length > 0) await this.#membership.fence();
    for (const holding of unsure) this.#unsure.delete(holding);
    for (let [next] = this.#owed; next !== undefined; [next] = this.#owed) {
      const [holding, thing] = next;
      await this.#payBack(thing);
      if (this.#owed.get(holding) === thing) this.#owed.delete(holding);
    }
  }

  async #payBack(thing: HeldThing): Promise<void> {
    const record = await this.#store.get(this.#kind, keyOf(thing));
    if (record === undefined || readHeld(record.value)?.owner !== thing.owner) return;
    if (await deleteHeld(this.#store, [record], this.#membership.stillClaimed())) return;
    await this.#membership.checkClaim();
    throw storeUnavailable("this host has registered there again meanwhile");
  }

  get #kind(): string {
    return heldKind(this.#membership.self.id);
  }
}

/**
 * Deletes what records of held things are about, and these: whatever has changed since they were read stays.
 *
 * @param guards with each commit; one that does not hold ends it
 * @returns whether the guards held
 */
export async function deleteHeld(
  store: SharedStore,
  records: readonly StoredRecord[],
  ...guards: readonly SharedChange[]
): Promise<boolean> {
  for (let at = 0; at < records.length; at += batchSize) {
    const batch = records.slice(at, at + batchSize);
    if (await tryCommit(store, [...guards, ...batch.flatMap(deletion)])) continue;
    // One of them has changed, or a guard does not hold.
    for (const record of batch) {
      if (await tryCommit(store, [...guards, ...deletion(record)])) continue;
      if (guards.length > 0 && !(await tryCommit(store, guards))) return false;
    }
  }
  return true;
}

function deletion(record: StoredRecord): readonly SharedChange[] {
  const { kind, id, revision, value } = record;
  const thing = readHeld(value);
  const held: SharedChange = { op: "delete", kind, id, ifRevision: revision };
  if (thing === undefined) return [held];
  return [{ op: "delete", kind: thing.kind, id: thing.id, ifRevision: revision }, held];
}

async function tryCommit(store: SharedStore, changes: readonly SharedChange[]): Promise<boolean> {
  try {
    await store.commit(changes);
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
