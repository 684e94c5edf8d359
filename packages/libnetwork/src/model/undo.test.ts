import assert from "node:assert/strict";
import { test } from "node:test";
import { finishing, undoing } from "./undo.ts";

test("answers what the action answers, and undoes nothing", async () => {
  const undone: string[] = [];
  const answer = await undoing((undo) => {
    undo.push(() => undone.push("step"));
    return "done";
  });
  assert.equal(answer, "done");
  assert.deepEqual(undone, []);
});

test("undoes in reverse, one after the other, and throws the very error", async () => {
  const undone: string[] = [];
  const failure = new Error("the third step failed");
  const action = undoing(async (undo) => {
    undo.push(() => undone.push("first"));
    undo.push(async () => {
      await Promise.resolve();
      undone.push("second");
    });
    throw failure;
  });
  await assert.rejects(action, (error) => error === failure);
  assert.deepEqual(undone, ["second", "first"]);
});

test("goes on past errors, and reports each", async () => {
  const undone: string[] = [];
  const failure = new Error("no space");
  const onTheWay = new Error("cannot release");
  const action = undoing((undo) => {
    undo.push(() => undone.push("first"));
    undo.push(() => {
      throw onTheWay;
    });
    undo.push(() => undone.push("third"));
    throw failure;
  });
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof AggregateError);
    assert.deepEqual(error.errors, [failure, onTheWay]);
    assert.match(error.message, /no space .*1 more error/);
    return true;
  });
  assert.deepEqual(undone, ["third", "first"]);
});

test("finishing goes on past errors: one is thrown as it is, several together", async () => {
  const done: string[] = [];
  const failing = (text: string) => () => {
    throw new Error(text);
  };
  await finishing("nothing", () => done.push("a"));
  await assert.rejects(
    finishing("one", failing("first"), async () => done.push("b")),
    /^Error: first$/,
  );
  await assert.rejects(finishing("closing", failing("first"), failing("second")), (error) => {
    assert.ok(error instanceof AggregateError);
    assert.equal(error.message, "closing met 2 errors: first; second");
    assert.deepEqual(error.errors.map(String), ["Error: first", "Error: second"]);
    return true;
  });
  await assert.rejects(finishing("closing", failing("away"), failing("away")), /^Error: away$/);
  assert.deepEqual(done, ["a", "b"]);
});

test("a step that fails is done once more, and where it fails again the first error is told", async () => {
  let busy = 0;
  const tries: string[] = [];
  const busyOnce = () => {
    tries.push("busy");
    if (busy++ === 0) throw new Error("busy");
  };
  await finishing("closing", busyOnce);
  let fails = 0;
  const stuck = () => {
    tries.push("stuck");
    throw new Error(fails++ === 0 ? "first" : "again");
  };
  await assert.rejects(finishing("closing", stuck), /^Error: first$/);
  fails = 0;
  busy = 0;
  const failure = new Error("no space");
  const action = undoing((undo) => {
    undo.push(busyOnce);
    undo.push(stuck);
    throw failure;
  });
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof AggregateError);
    assert.deepEqual(error.errors.map(String), ["Error: no space", "Error: first"]);
    return true;
  });
  assert.deepEqual(tries, ["busy", "busy", "stuck", "stuck", "stuck", "stuck", "busy", "busy"]);
});
