/**
 * Going: how things of the cluster that others may be about to use are deleted. First it is said that one is going, so that nobody begins anything
 * with it; where nobody uses it, it goes with all that it has.
 */
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { StoredRecord } from "../contracts/store.ts";
import type { CausewayError } from "../errors.ts";
import type { Allocations } from "./allocations.ts";
import { isConflict } from "./failures.ts";
import type { HeldThing, Thing } from "./held-things.ts";
import type { Membership } from "./membership.ts";

interface Rooms {
  readonly store: SharedStore;
  readonly membership: Membership;
  readonly allocations: Allocations;
}

/** Things of one kind. */
interface Things {
  readonly kind: string;
  /** Of what says that one is going: under the id of the thing. */
  readonly goingKind: string;
  /** As this host was told of it last; undefined: it was not. */
  told(id: string): StoredRecord | undefined;
  /** What is thrown where there is none. */
  missing(id: string): CausewayError;
  /** What is thrown where another host is about to delete it. */
  leaving(thing: StoredRecord): CausewayError;
}

export class Going {
  readonly #rooms: Rooms;
  readonly #things: Things;

  constructor(rooms: Rooms, things: Things) {
    this.#rooms = rooms;
    this.#things = things;
  }

  /** By the store. @throws what is thrown where there is none; store_unavailable */
  async get(id: string): Promise<StoredRecord> {
    const stored = await this.#rooms.store.get(this.#things.kind, id);
    if (stored === undefined) throw this.#things.missing(id);
    return stored;
  }

  /**
   * What a commit expects that begins something with a thing: that it is there as this host was told, and not about to be deleted.
   *
   * @throws what is thrown where there is none; store_unavailable
   */
  async stillThere(id: string): Promise<readonly SharedChange[]> {
    return this.#notYet(this.#things.told(id) ?? (await this.get(id)));
  }

  /** As {@link stillThere}, not by what this host was told, but by the store. @throws what is thrown where it is going, too */
  async stillThereNow(id: string): Promise<readonly SharedChange[]> {
    const stored = await this.get(id);
    if ((await this.#rooms.store.get(this.#things.goingKind, id)) !== undefined)
      throw this.#things.leaving(stored);
    return this.#notYet(stored);
  }

  /**
   * @param look is called when nobody begins anything any more, with the thing as it is then: throws where somebody uses it, and answers what else
   * goes with it
   * @throws what is thrown where there is none, or another host is about to delete it; store_unavailable
   */
  async delete(id: string, look: (thing: StoredRecord) => Promise<readonly Thing[]>): Promise<void> {
    const { store, membership, allocations } = this.#rooms;
    const { kind, goingKind } = this.#things;
    const before = await this.get(id);
    const going: HeldThing = { kind: goingKind, id, owner: id };
    try {
      await allocations.take(going, { host: membership.self.id });
    } catch (error) {
      throw isConflict(error) ? this.#things.leaving(before) : error;
    }
    try {
      const own: readonly Thing[] = [{ kind, id }, going, ...(await look(await this.get(id)))];
      // That this host is the one that deletes it, still.
      const { changes } = allocations.handOver(id);
      const deletions = own.map((thing): SharedChange => ({ op: "delete", kind: thing.kind, id: thing.id }));
      await store.commit([...changes, ...deletions]);
      allocations.handedOver([going]);
    } catch (error) {
      await allocations.giveBack(going);
      throw error;
    }
  }

  #notYet({ id, revision }: StoredRecord): readonly SharedChange[] {
    return [
      { op: "expect", kind: this.#things.kind, id, ifRevision: revision },
      { op: "expect", kind: this.#things.goingKind, id, ifRevision: 0 },
    ];
  }
}
