/**
 * Going: how things of the cluster that others may be about to use are deleted. First it is said that one is going, so that nobody begins anything
 * with it; where nobody uses it, it goes with all that it has.
 */
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { Allocations } from "./allocations.ts";
import { isConflict } from "./failures.ts";
import type { HeldThing, Thing } from "./held-things.ts";
import type { Membership } from "./membership.ts";

interface Rooms {
  readonly store: SharedStore;
  readonly membership: Membership;
  readonly allocations: Allocations;
}

interface Kinds {
  readonly thing: string;
  /** Of what says that one is going: under the id of the thing. */
  readonly going: string;
}

export class Going {
  readonly #rooms: Rooms;
  readonly #kinds: Kinds;

  constructor(rooms: Rooms, kinds: Kinds) {
    this.#rooms = rooms;
    this.#kinds = kinds;
  }

  /** What a commit expects that begins something with the thing: that it is there as it was at this revision, and not going. */
  notYet(id: string, revision: number): readonly SharedChange[] {
    return [
      { op: "expect", kind: this.#kinds.thing, id, ifRevision: revision },
      { op: "expect", kind: this.#kinds.going, id, ifRevision: 0 },
    ];
  }

  /** By the store. @throws store_unavailable */
  async isGoing(id: string): Promise<boolean> {
    return (await this.#rooms.store.get(this.#kinds.going, id)) !== undefined;
  }

  /**
   * @param look is called when nobody begins anything any more: throws where somebody uses it, and answers what else goes with it
   * @param isOthers what to throw where another host is about to delete it
   * @throws store_unavailable
   */
  async delete(id: string, look: () => Promise<readonly Thing[]>, isOthers: () => Error): Promise<void> {
    const { store, membership, allocations } = this.#rooms;
    const going: HeldThing = { kind: this.#kinds.going, id, owner: id };
    try {
      await allocations.take(going, { host: membership.self.id });
    } catch (error) {
      throw isConflict(error) ? isOthers() : error;
    }
    try {
      const own: readonly Thing[] = [{ kind: this.#kinds.thing, id }, going, ...(await look())];
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
}
