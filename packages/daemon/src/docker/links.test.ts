import assert from "node:assert/strict";
import { test } from "node:test";
import { linksOf, linkTexts } from "./links.ts";

test("links are read as Docker's clients write them, and shown as they were given", () => {
  const links = linksOf(["db:database", "web"]);
  assert.deepEqual(links, { database: "db", web: "web" });
  assert.deepEqual(linkTexts(links), ["db:database", "web"]);
  assert.deepEqual(linksOf(["/db:/web/store"]), { store: "db" });
  assert.equal(linkTexts({}), null);
  for (const text of ["", "a:b:c"]) assert.throws(() => linksOf([text]), { code: "invalid_option" });
});
