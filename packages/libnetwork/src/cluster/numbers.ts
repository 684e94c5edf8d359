/**
 * Numbers that only one network of the cluster has: VXLAN ids.
 */
import type { NumberClaims } from "../contracts/overlay.ts";
import type { SharedStore } from "../contracts/shared-store.ts";
import { conflict, unavailable } from "../errors.ts";
import type { Allocations } from "./allocations.ts";
import { numberKind } from "./kinds.ts";
import { inTurns } from "./turns.ts";

type Range = Parameters<NumberClaims["claim"]>[1];

export class SharedNumbers implements NumberClaims {
  readonly #store: SharedStore;
  readonly #allocations: Allocations;

  constructor(store: SharedStore, allocations: Allocations) {
    this.#store = store;
    this.#allocations = allocations;
  }

  /** One that the owner has already is its again. Without a wish it is a random one: hosts that choose at a time do not meet. */
  claim(space: string, range: Range, owner: string, wanted?: number): Promise<number> {
    const kind = numberKind(space);
    return inTurns(`claiming a number of ${space}`, async () => {
      const number = wanted ?? (await this.#free(space, range));
      if (wanted !== undefined && (await this.#isOwners(space, wanted, owner))) return wanted;
      await this.#allocations.take({ kind, id: String(number), owner }, owner);
      return number;
    });
  }

  async release(space: string, number: number, owner: string): Promise<void> {
    await this.#allocations.giveBack({ kind: numberKind(space), id: String(number), owner });
  }

  /** @throws number_taken */
  async #isOwners(space: string, number: number, owner: string): Promise<boolean> {
    const record = await this.#store.get(numberKind(space), String(number));
    if (record === undefined) return false;
    if (record.value === owner) return true;
    const message = `${space} ${number} is that of another network of the cluster: choose another, or leave it out`;
    throw conflict("number_taken", message, { space, number, network: record.value });
  }

  async #free(space: string, { from, to }: Range): Promise<number> {
    const records = await this.#store.list(numberKind(space));
    const taken = new Set(records.map(({ id }) => Number(id)));
    const size = to - from + 1;
    const start = Math.floor(Math.random() * size);
    for (let step = 0; step < size; step++) {
      const number = from + ((start + step) % size);
      if (!taken.has(number)) return number;
    }
    throw unavailable("numbers_exhausted", `every ${space} from ${from} to ${to} is taken: delete a network`);
  }
}
