import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedContainerName, madeUpName } from "./names.ts";

test("names are Docker's, and one that is made up is one of them", () => {
  const free = () => false;
  for (const name of ["web", "a", "Web-1.x_y", madeUpName(free)])
    assert.equal(checkedContainerName(name, free), name);
  for (const name of ["", "-web", "a/b", "..", "a b", "x".repeat(129)])
    assert.throws(() => checkedContainerName(name, free), { code: "invalid_name" });
  assert.throws(() => checkedContainerName("web", () => true), { code: "container_name_in_use" });
});
