import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Pieces } from "./pieces.ts";

/** Keeps the thread for so long. */
function busy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** In which turn of the event loop each was done. */
function recorded({ ms }: { readonly ms: number }, failing: readonly number[] = []) {
  const turns = new Map<number, number>();
  const groups: number[] = [];
  const failures: unknown[] = [];
  let turn = 0;
  let counting: NodeJS.Immediate | undefined;
  const count = () => {
    turn++;
    counting = setImmediate(count);
  };
  count();
  const pieces = new Pieces<number>({
    work(items) {
      groups.push(items.length);
      for (const item of items) {
        busy(ms);
        turns.set(item, turn);
      }
      const bad = items.find((item) => failing.includes(item));
      if (bad !== undefined) throw new Error(`${bad} is refused`);
    },
    failed: (error) => failures.push(error),
  });
  return { pieces, turns, groups, failures, [Symbol.dispose]: () => clearImmediate(counting) };
}

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

describe("pieces", () => {
  it("does what there is time for at once, and the rest in later turns, in its order", async () => {
    using run = recorded({ ms: 6 });
    run.pieces.add(numbers(5));
    assert.deepEqual([...run.turns.keys()], [0]);
    run.pieces.add([2, 5]);
    assert.deepEqual([...run.turns.keys()], [0], "the turn has had its piece");
    await run.pieces.done();
    assert.deepEqual([...run.turns.keys()], numbers(6));
    assert.equal(new Set(run.turns.values()).size, 6, "one a turn");
    await run.pieces.done();
  });

  it("hands over many at a time where each takes little", () => {
    using run = recorded({ ms: 0 });
    run.pieces.add(numbers(100));
    assert.ok(run.groups.length < 100 && Math.max(...run.groups) <= 16, run.groups.join());
  });

  it("goes on after errors: throws what went wrong at once, and tells of the rest", async () => {
    using run = recorded({ ms: 6 }, [0, 2]);
    assert.throws(() => run.pieces.add(numbers(4)), /0 is refused/);
    await run.pieces.done();
    assert.deepEqual(run.failures.map(String), ["Error: 2 is refused"]);
    assert.equal(run.turns.size, 4);
  });

  it("leaves off when it is disposed of", async () => {
    using run = recorded({ ms: 6 });
    run.pieces.add(numbers(3));
    const done = run.pieces.done();
    run.pieces[Symbol.dispose]();
    await done;
    assert.equal(run.turns.size, 1);
  });
});
