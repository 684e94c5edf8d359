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
  readonly #wanted = new Map<string, { readonly element: FirewallElement; count: number }>();

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
      if (this.#acquire(id, element) && !gone.delete(id)) added.push(element);
    }
    return { remove: [...gone.values()], add: added };
  }

  /** Everything that is wanted, once each. */
  all(): readonly FirewallElement[] {
    return Array.from(this.#wanted.values(), ({ element }) => element);
  }

  /** True for the first who wants it. */
  #acquire(id: string, element: FirewallElement): boolean {
    const entry = this.#wanted.get(id);
    if (entry === undefined) {
      this.#wanted.set(id, { element, count: 1 });
      return true;
    }
    entry.count++;
    return false;
  }

  /** True for the last who wanted it. */
  #release(id: string): boolean {
    const entry = this.#wanted.get(id);
    if (entry === undefined) return false;
    entry.count--;
    if (entry.count > 0) return false;
    this.#wanted.delete(id);
    return true;
  }
}

/** Two elements with the same key and other data are not the same: the kernel says what it thinks of the second. */
function identify({ set, key, data }: FirewallElement): string {
  return `${set.name} ${key.join(" ")}${data === undefined ? "" : ` : ${data.join(" ")}`}`;
}
