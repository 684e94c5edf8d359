// Who has which address: a JSON file, written anew with each change, so that it is whole whenever somebody pulls the plug.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A pool that was given out, and what is given out of it. */
export interface Lease {
  readonly pool: string;
  /** Empty for the whole pool. */
  readonly subPool: string;
  readonly addresses: readonly string[];
}

/** By PoolID. */
type Leases = Readonly<Record<string, Lease>>;

export class LeaseFile {
  readonly #path: string;
  #leases: Leases;

  constructor(path: string) {
    this.#path = path;
    this.#leases = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Leases) : {};
  }

  get(poolId: string): Lease | undefined {
    return this.#leases[poolId];
  }

  all(): readonly Lease[] {
    return Object.values(this.#leases);
  }

  /** It is on the disk when this returns. */
  set(poolId: string, lease: Lease): void {
    this.#write({ ...this.#leases, [poolId]: lease });
  }

  delete(poolId: string): void {
    const { [poolId]: _, ...rest } = this.#leases;
    this.#write(rest);
  }

  #write(leases: Leases): void {
    const aside = `${this.#path}.new`;
    writeFileSync(aside, `${JSON.stringify(leases, undefined, 2)}\n`, { flush: true });
    renameSync(aside, this.#path);
    const directory = openSync(dirname(this.#path), "r");
    fsyncSync(directory);
    closeSync(directory);
    this.#leases = leases;
  }
}
