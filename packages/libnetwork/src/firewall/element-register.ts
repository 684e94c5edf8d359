/**
 * Which elements are wanted, and by how many: two published ports may lead to the same container port, and the element
 * goes when the last of them goes.
 */
import type { FirewallElement } from "./sets.ts";

/** What has to happen in the kernel; `remove` before `add`. */
export interface ElementDifference {
  readonly remove: readonly FirewallElement[];
  readonly add: readonly FirewallElement[];
}

export class ElementRegister {
  /** The elements themselves are not kept: what they were compiled from is, and there are ten for each endpoint. */
  readonly #count = new Map<string, number>();

  /** Takes elements off and on, and answers what that changes. Undone by the same call the other way round. */
  change(remove: readonly FirewallElement[], add: readonly FirewallElement[]): ElementDifference {
    const gone = new Map<string, FirewallElement>();
    for (const element of remove) {
      const id = identify(element);
      if (this.#release(id)) gone.set(id, element);
    }
    const added: FirewallElement[] = [];
    for (const element of add) {
      const id = identify(element);
      if (this.#acquire(id) && !gone.delete(id)) added.push(element);
    }
    return { remove: [...gone.values()], add: added };
  }

  /** True for the first who wants it. */
  #acquire(id: string): boolean {
    const count = this.#count.get(id) ?? 0;
    this.#count.set(id, count + 1);
    return count === 0;
  }

  /** True for the last who wanted it. */
  #release(id: string): boolean {
    const count = this.#count.get(id);
    if (count === undefined) return false;
    if (count === 1) return this.#count.delete(id);
    this.#count.set(id, count - 1);
    return false;
  }
}

/** Each element once. */
export function distinct(elements: readonly FirewallElement[]): readonly FirewallElement[] {
  return [...new Map(elements.map((element) => [identify(element), element])).values()];
}

/** Two elements with the same key and other data are not the same: the kernel says what it thinks of the second. */
function identify({ set, key, data }: FirewallElement): string {
  return `${set.name} ${key.join(" ")}${data === undefined ? "" : ` : ${data.join(" ")}`}`;
}
