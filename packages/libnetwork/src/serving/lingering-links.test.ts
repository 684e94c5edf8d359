import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { LingeringLinks } from "./lingering-links.ts";

function scene() {
  const deleted: unknown[] = [];
  const lingering = new LingeringLinks({
    deleteLink: async (link) => void deleted.push("name" in link ? link.name : link.index),
  });
  return { deleted, lingering };
}

it("a link that goes by its name waits until it is released; by its index it goes at once", async () => {
  const { deleted, lingering } = scene();
  const one = lingering.deleteLink({ name: "one" });
  const two = lingering.deleteLink({ name: "two" });
  await lingering.deleteLink({ index: 7 });
  await turn();
  assert.deepEqual(deleted, [7]);
  lingering.release("one");
  await one;
  assert.deepEqual(deleted, [7, "one"]);
  lingering.releaseAll();
  await two;
  assert.deepEqual(deleted, [7, "one", "two"]);
});

it("one that goes under the name of another has that go first, and nobody waits for more than ten seconds", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { deleted, lingering } = scene();
  const first = lingering.deleteLink({ name: "one" });
  const second = lingering.deleteLink({ name: "one" });
  await first;
  assert.deepEqual(deleted, ["one"]);
  t.mock.timers.tick(9_999);
  await turn();
  assert.deepEqual(deleted, ["one"]);
  t.mock.timers.tick(1);
  await second;
  assert.deepEqual(deleted, ["one", "one"]);
});
