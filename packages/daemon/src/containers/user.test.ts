import assert from "node:assert/strict";
import { test } from "node:test";
import { parseUser } from "./user.ts";

test("users are numbers", () => {
  assert.deepEqual(parseUser(undefined), { uid: 0, gid: 0 });
  assert.deepEqual(parseUser("1000"), { uid: 1000, gid: 0 });
  assert.deepEqual(parseUser("1000:50"), { uid: 1000, gid: 50 });
  for (const text of ["root", "1000:", ":1", "-1", "99999999999", "4294967295"])
    assert.throws(() => parseUser(text), { code: "invalid_user" });
});
