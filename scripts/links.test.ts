// Links of our Markdown pages to files of the repository, and to headings in them, lead somewhere.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { findFiles, ROOT } from "./lib/files.ts";

const pages = findFiles(["**/*.md"]);

test("every page is looked at", () => {
  assert.ok(pages.includes("README.md") && pages.includes("docs/guide/firewall.md"), pages.join());
});

for (const page of pages) {
  test(`links of ${page} lead somewhere`, () => {
    const text = prose(page);
    const dead = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => problemOf(page, target));
    assert.deepEqual(dead, []);
  });
}

function problemOf(page: string, target: string): string[] {
  if (/^[a-z]+:/.test(target)) return []; // Elsewhere in the world.
  const [path = "", heading] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, file))) return [`${target}: there is no ${file}`];
  if (heading === undefined || anchors(file).has(heading)) return [];
  return [`${target}: ${file} has no such heading`];
}

/** The anchors that GitHub gives a page's headings. */
function anchors(file: string): ReadonlySet<string> {
  const headings = prose(file).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** A page without its blocks of code. */
function prose(file: string): string {
  return readFileSync(join(ROOT, file), "utf8").replace(/^```.*?^```$/gms, "");
}
