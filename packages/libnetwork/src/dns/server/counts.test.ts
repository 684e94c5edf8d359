import assert from "node:assert/strict";
import { test } from "node:test";
import { countsIn, countsMemory, PublishedCounts } from "./counts.ts";

const others = {
  sent: 5,
  answered: 1,
  cached: 2,
  shared: 1,
  repeated: 1,
  refused: 3,
  silent: 4,
  unreachable: 6,
  broken: 7,
  notAnswers: 1,
  wrongId: 2,
  wrongQuestion: 3,
  wrongCase: 4,
  late: 5,
};

test("each count has its place, and the next thread goes on from there", () => {
  const memory = countsMemory();
  const counts = { questions: 9, found: 8, private: 1 };
  const wanted = {
    ...counts,
    cached: 2,
    refused: 3,
    asked: 5,
    silent: 4,
    unreachable: 6,
    broken: 7,
    strange: 10,
  };
  new PublishedCounts(memory, counts, others).publish();
  assert.deepEqual(countsIn(memory), wanted);
  const second = new PublishedCounts(memory, counts, others);
  for (let turn = 0; turn < 3; turn++) second.publish();
  const twice = Object.fromEntries(Object.entries(wanted).map(([name, count]) => [name, 2 * count]));
  assert.deepEqual(countsIn(memory), twice);
});
