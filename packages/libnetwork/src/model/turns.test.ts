import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeController } from "./test-support.ts";
import { Turns } from "./turns.ts";

/** An operation that holds the event loop for longer than a turn may take. */
function hold(): void {
  const end = performance.now() + 3;
  while (performance.now() < end);
}

describe("Turns", () => {
  it("lets short operations follow one another at once", () => {
    const turns = new Turns();
    assert.deepEqual([turns.take(), turns.take(), turns.take()], [undefined, undefined, undefined]);
  });

  it("lets the event loop turn after each long one, in the order of asking", async () => {
    const turns = new Turns();
    const seen: string[] = [];
    const operation = async (name: string) => {
      const turn = turns.take();
      if (turn !== undefined) await turn;
      seen.push(name);
      hold();
    };
    const clock = (async () => {
      for (let turn = 0; turn < 3; turn++) {
        await nextTurn();
        seen.push("turn");
      }
    })();
    await Promise.all([operation("a"), operation("b"), operation("c"), clock]);
    assert.deepEqual(
      seen.filter((entry) => entry !== "turn"),
      ["a", "b", "c"],
    );
    for (const [one, next] of [
      ["a", "b"],
      ["b", "c"],
    ] as const) {
      const between = seen.slice(seen.indexOf(one) + 1, seen.indexOf(next));
      assert.ok(between.includes("turn"), `no turn between ${one} and ${next}: ${seen.join(" ")}`);
    }
  });

  it("begins anew in the next turn", async () => {
    const turns = new Turns();
    assert.equal(turns.take(), undefined);
    hold();
    await nextTurn();
    assert.equal(turns.take(), undefined);
  });
});

describe("operations of a controller", () => {
  it("let the event loop turn, however many are asked for at once", async () => {
    const controller = await FakeController.open();
    const network = await controller.newNetwork("bridge", "n", {
      ipam: { config: [{ subnet: "172.30.0.0/16" }] },
    });
    await nextTurn();
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    // Many enough to take longer than a turn may, on any machine.
    await Promise.all(Array.from({ length: 1000 }, (_, number) => network.createEndpoint(`e${number}`)));
    assert.ok(turned);
  });
});
