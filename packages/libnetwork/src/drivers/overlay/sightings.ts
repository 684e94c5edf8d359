/**
 * Sightings: which MAC each address of a network was last seen with, so that sandboxes that may remember another are told. Pure.
 */
import type { AddressEntry, Entry } from "./entries.ts";

export class Sightings {
  /** MACs by address. As many as the network ever had addresses in use since the start. */
  readonly #macs = new Map<string, string>();

  /** Notes these; answers those whose address had another MAC before. */
  note(entries: readonly Entry[]): readonly AddressEntry[] {
    const changed: AddressEntry[] = [];
    for (const entry of entries) {
      if (entry.kind !== "address") continue;
      const before = this.#macs.get(entry.address);
      this.#macs.set(entry.address, entry.mac);
      if (before !== undefined && before !== entry.mac) changed.push(entry);
    }
    return changed;
  }
}
