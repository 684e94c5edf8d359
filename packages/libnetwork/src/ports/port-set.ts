/**
 * A set of port numbers as a bitmap of 8 KB, and the search for ports that are in none of several sets: 32 ports at a time.
 */
import { HIGHEST_PORT, type PortRange } from "../options/port-range.ts";

/** Ports of which any will do: those of the ranges, in this order, that are in no excluded set. */
export interface Candidates {
  readonly ranges: readonly PortRange[];
  readonly excluded: readonly PortSet[];
}

export class PortSet {
  readonly #words = new Uint32Array((HIGHEST_PORT + 1) / 32);

  add(port: number): void {
    this.#words[port >>> 5] = this.word(port >>> 5) | bit(port);
  }

  delete(port: number): void {
    this.#words[port >>> 5] = this.word(port >>> 5) & ~bit(port);
  }

  /** Ports `32 * index` and on, the lowest one in the lowest bit. */
  word(index: number): number {
    return this.#words[index] ?? 0;
  }
}

/** The candidates, each searched for when it is asked for. The sets may change meanwhile. */
export function* portsAmong({ ranges, excluded }: Candidates): Generator<number, void> {
  for (const { first, last } of ranges) {
    let port = firstOutside(first, last, excluded);
    while (port !== undefined) {
      yield port;
      port = firstOutside(port + 1, last, excluded);
    }
  }
}

/** The lowest port from `first` to `last` that is in none of the sets; undefined where there is none. */
export function firstOutside(first: number, last: number, sets: readonly PortSet[]): number | undefined {
  // What is below `first` in its word counts as taken.
  let taken = bit(first) - 1;
  for (let index = first >>> 5; index <= last >>> 5; index++) {
    for (const set of sets) taken |= set.word(index);
    const free = ~taken;
    if (free !== 0) {
      const lowest = 31 - Math.clz32(free & -free);
      const port = index * 32 + lowest;
      return port <= last ? port : undefined;
    }
    taken = 0;
  }
  return undefined;
}

function bit(port: number): number {
  return 1 << (port & 31);
}
