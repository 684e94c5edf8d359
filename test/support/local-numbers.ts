// Numbers that hosts in one process claim of each other.

import type { NumberClaims } from "../../packages/libnetwork/src/contracts/overlay.ts";
import { conflict } from "../../packages/libnetwork/src/errors.ts";

export class LocalNumbers implements NumberClaims {
  readonly owners = new Map<number, string>();

  async claim(
    _: string,
    range: { readonly from: number; readonly to: number },
    owner: string,
    wanted?: number,
  ): Promise<number> {
    for (let number = wanted ?? range.from; number <= range.to; number++) {
      const taker = this.owners.get(number);
      if (taker === undefined || taker === owner) {
        this.owners.set(number, owner);
        return number;
      }
      if (wanted !== undefined) throw conflict("number_taken", `${number} is ${taker}'s`, number);
    }
    throw conflict("numbers_exhausted", "none is free");
  }

  async release(_: string, number: number, owner: string): Promise<void> {
    if (this.owners.get(number) === owner) this.owners.delete(number);
  }
}
