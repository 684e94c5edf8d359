import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NumberClaims } from "../../contracts/overlay.ts";
import { conflict } from "../../errors.ts";
import { claimVnis, readState } from "./vnis.ts";

/** As the cluster: what is taken is somebody else's. */
class Numbers implements NumberClaims {
  readonly owners = new Map<number, string>();
  async claim(space: string, { from }: { from: number }, owner: string, wanted?: number): Promise<number> {
    assert.equal(space, "vni");
    const number = wanted ?? from;
    if (this.owners.has(number)) throw conflict(wanted === undefined ? "other" : "number_taken", "taken");
    this.owners.set(number, owner);
    return number;
  }
  async release(space: string, number: number, owner: string): Promise<void> {
    assert.equal(space, "vni");
    if (this.owners.get(number) === owner) this.owners.delete(number);
  }
}

describe("VXLAN ids of a network", () => {
  it("are those that were asked for, all of them or none, and else one of Docker's range", async () => {
    const numbers = new Numbers();
    assert.deepEqual(await claimVnis(numbers, "n1"), [4096]);
    assert.deepEqual(await claimVnis(numbers, "n1", [7, 8]), [7, 8]);
    await assert.rejects(claimVnis(numbers, "n2", [6, 7]), { code: "number_taken" });
    assert.deepEqual([...numbers.owners.keys()], [4096, 7, 8]);
  });

  it("are read from what is stored, where nothing else stands there", () => {
    assert.deepEqual(readState({ vnis: [1, 16777215], more: 1 }), { vnis: [1, 16777215] });
    for (const vnis of [undefined, 7, [], ["7"], [0], [16777216], [1.5], [7, null]])
      assert.throws(() => readState({ vnis } as never), { code: "network_not_restored" });
    for (const state of [null, 7, "vnis"]) assert.throws(() => readState(state));
  });
});
