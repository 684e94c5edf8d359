import assert from "node:assert/strict";
import { test } from "node:test";
import { pageOfItems } from "./page.ts";

/** Made in the same millisecond, by twos; the ids are in no order. */
const items = [0xc, 0x3, 0xa, 0x1, 0x7].map((digit, at) => ({
  id: digit.toString(16).repeat(64),
  created: 1000 + Math.floor(at / 2),
}));
const page = (limit: number, cursor?: string) =>
  pageOfItems(items, { limit, ...(cursor !== undefined && { cursor }) }, ({ id }) => id.slice(0, 1));

test("pages of any size are the whole list, in the order of creation, and the last says that it is", () => {
  for (let limit = 1; limit <= items.length + 1; limit++) {
    const seen: string[] = [];
    let pages = 0;
    for (let next: string | undefined = ""; next !== undefined; pages++) {
      const found = page(limit, next === "" ? undefined : next);
      seen.push(...found.items);
      next = found.next;
    }
    assert.deepEqual(seen, ["3", "c", "1", "a", "7"], `${limit}`);
    assert.equal(pages, Math.ceil(items.length / limit), `${limit}`);
  }
});

test("a list of nothing is one page, and a cursor of somebody else's is refused", () => {
  assert.deepEqual(
    pageOfItems([], {}, () => ""),
    { items: [] },
  );
  for (const cursor of ["", "zzz", Buffer.from(`-1 ${"a".repeat(64)}`).toString("base64url")])
    assert.throws(() => page(1, cursor), { code: "invalid_cursor" });
});
