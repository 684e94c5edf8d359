// The promises of `npm test`: what makes it fail besides a failing test.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, test } from "node:test";

const directory = mkdtempSync(join(tmpdir(), "causeway-runner-"));
after(() => rmSync(directory, { recursive: true }));

function suite(name: string, source: string): string {
  const file = join(directory, name);
  writeFileSync(
    file,
    `import { test } from "node:test";\nimport { execFileSync } from "node:child_process";\n${source}`,
  );
  return file;
}

function npmTest(...args: string[]) {
  const runner = join(import.meta.dirname, "test.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

const good = suite("good.test.ts", `test("works", () => {}); test("too", () => {});`);
const skipping = suite(
  "skipping.peers.test.ts",
  `test("works", () => {}); test("talks", { skip: "dockerd not installed" }, () => {});`,
);

test("passes, with node's own report", () => {
  const { status, stdout, stderr } = npmTest(good);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.match(stdout, /✔ works(.|\n)*ℹ pass 2\n/);
});

test("--help tells how it is used, and runs nothing", () => {
  const { status, stdout, stderr } = npmTest(
    "--help",
    suite("unheard.test.ts", `throw new Error("it ran");`),
  );
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.match(stdout, /^npm test \[-- .*\n(.*\n)*.*--test-name-pattern=PATTERN/);
});

test("a failing test fails the run", () => {
  assert.equal(
    npmTest(good, suite("bad.test.ts", `test("is wrong", () => { throw new Error(); });`)).status,
    1,
  );
});

test("a file that breaks down outside of its tests fails the run", () => {
  assert.equal(npmTest(suite("crash.test.ts", `test("ok", () => {}); process.exitCode = 3;`)).status, 1);
});

test("a name pattern chooses tests; when none is left the run fails", () => {
  const chosen = npmTest("--test-name-pattern=too", good);
  assert.equal(chosen.status, 0);
  assert.match(chosen.stdout, /ℹ pass 1\n/);
  const none = npmTest("--test-name-pattern=nothing of that name", good);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /no test was executed: none is named like "nothing of that name" in .*good/);
});

test("a file without tests, and no file at all, fail the run", () => {
  const empty = npmTest(suite("empty.test.ts", ""));
  assert.equal(empty.status, 1);
  assert.match(empty.stderr, /no test was executed/);
  const nowhere = npmTest(join(directory, "nowhere"));
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.stderr, /no test file at .*nowhere/);
});

test("a directory stands for the suites below it", () => {
  mkdirSync(join(directory, "below/deeper"), { recursive: true });
  suite("below/a.test.ts", `test("works", () => {});`);
  suite("below/deeper/b.test.ts", `test("works", () => {});`);
  assert.match(npmTest(join(directory, "below")).stdout, /ℹ pass 2\n/);
});

test("a skip is fine, with its reason in the report; with --peers it is a failure", () => {
  const plain = npmTest(skipping);
  assert.equal(plain.status, 0);
  assert.match(plain.stdout, /talks .*# dockerd not installed/);
  const strict = npmTest("--peers", skipping);
  assert.equal(strict.status, 1);
  assert.match(strict.stderr, /SKIPPED.*talks \(dockerd not installed\)/);
});

test("--peers runs nothing but the peer suites", () => {
  const { status, stderr } = npmTest("--peers", good);
  assert.equal(status, 1);
  assert.match(stderr, /no test file found/);
});

test("whatever a test leaves behind fails the run and is named", () => {
  const { status, stderr } = npmTest(
    suite(
      "leaky.test.ts",
      `test("leaks", () => {
        execFileSync("sh", ["-ec", "ip netns add red; nft add table ip t; touch $TMPDIR/left"]);
        execFileSync("sh", ["-c", "setsid sleep 4321 </dev/null >/dev/null 2>&1 &"]);
      });`,
    ),
  );
  assert.equal(status, 1);
  for (const leak of [/namespace red/, /mount \/run\/netns\/red/, /nft table ip t/, /file .*\/left/]) {
    assert.match(stderr, leak);
  }
  assert.match(stderr, /LEFT BEHIND on the machine: process \d+ \(killed\): sleep 4321/);
});

test("--list-failed names the files in which a test failed, and no others", () => {
  const list = join(directory, "failed");
  const bad = suite(
    "failing.test.ts",
    `test("is wrong", () => { throw new Error(); }); test("works", () => {});`,
  );
  assert.equal(npmTest(`--list-failed=${list}`, good, bad).status, 1);
  assert.equal(readFileSync(list, "utf8"), `${relative(join(import.meta.dirname, ".."), bad)}\n`);
  assert.equal(npmTest(`--list-failed=${list}`, good).status, 0);
  assert.equal(readFileSync(list, "utf8"), "");
});
