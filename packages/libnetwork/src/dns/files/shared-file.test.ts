import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { changeFile, forgetUnfinished, makeFile, readText, unfinishedText } from "./shared-file.ts";

const short = "short\n";
const longer = "a longer text\n";
const long = "a line of a long text\n".repeat(1000);

function setUp(t: TestContext): string {
  const directory = fs.mkdtempSync(join(tmpdir(), "causeway-shared-"));
  t.after(() => fs.rmSync(directory, { recursive: true }));
  return join(directory, "file");
}

test("a text is put in the place of another in the same file, whatever their lengths", (t) => {
  const path = setUp(t);
  assert.equal(readText(path), undefined);
  makeFile(path, short);
  const { ino } = fs.statSync(path);
  for (const text of [longer, short, long, `${long}end\n`, "", longer, long, short]) {
    const seen: string[] = [];
    const before = readText(path);
    changeFile(path, (there) => {
      seen.push(there);
      return text;
    });
    assert.deepEqual(seen, [before]);
    assert.equal(fs.readFileSync(path, "latin1"), text);
    assert.equal(fs.statSync(path).ino, ino);
    assert.deepEqual(fs.readdirSync(join(path, "..")), ["file"]);
  }
});

test("a file that has to say nothing else is not written", (t) => {
  const path = setUp(t);
  makeFile(path, short);
  fs.utimesSync(path, 1, 1);
  changeFile(path, (there) => there);
  assert.equal(fs.statSync(path).mtimeMs, 1000);
});

test("one that is made for want of another may be read by all", (t) => {
  const path = setUp(t);
  const umask = process.umask(0o077);
  changeFile(path, (there) => `${there}new\n`);
  process.umask(umask);
  assert.equal(fs.statSync(path).mode & 0o777, 0o644);
  assert.equal(readText(path), "new\n");
});

test("what a killed run had not finished is found, until it is forgotten", (t) => {
  const path = setUp(t);
  makeFile(path, short);
  assert.equal(unfinishedText(path), undefined);
  fs.writeFileSync(`${path}.next.part`, "torn");
  assert.equal(unfinishedText(path), undefined);
  fs.writeFileSync(`${path}.next`, long);
  assert.equal(unfinishedText(path), long);
  forgetUnfinished(path);
  assert.equal(unfinishedText(path), undefined);
});

const isMountable = spawnSync("unshare", ["--mount", "true"]).status === 0;

/** Reads the file over and over through a mount of its own, and says what it found that is none of the texts. */
const reader = `
  import { readFileSync } from "node:fs";
  const [path, ...texts] = process.argv.slice(1);
  const right = new Set(texts);
  let reads = 0, wrong = [];
  process.stdin.on("data", () => { console.log(JSON.stringify({ reads, wrong })); process.exit(); });
  console.log("ready");
  for (;;) {
    for (let at = 0; at < 500; at++, reads++) {
      const text = readFileSync(path, "utf8").replace(/\\n+$/, "\\n");
      if (!right.has(text) && wrong.length < 5) wrong.push(text);
    }
    await new Promise(setImmediate);
  }`;

test("who reads it by a mount never finds it empty or torn, and writes into the same file", {
  skip: !isMountable,
}, async (t) => {
  const path = setUp(t);
  const mounted = `${path}.mounted`;
  fs.writeFileSync(mounted, "");
  const texts = [
    `127.0.0.1\tlocalhost\n172.30.0.2\tweb\n`,
    `127.0.0.1\tlocalhost\n172.30.0.2\tweb\n172.31.0.2\tweb\n10.0.0.1\tdb\n`,
    `127.0.0.1\tlocalhost\n`,
  ];
  makeFile(path, texts[0] ?? "");
  const script = 'mount --bind "$1" "$2" && shift 1 && exec "$0" --input-type=module -e "$SCRIPT" "$@"';
  const child = spawn("unshare", ["--mount", "sh", "-c", script, process.execPath, path, mounted, ...texts], {
    env: { ...process.env, SCRIPT: reader },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  const until = Date.now() + 700;
  let writes = 0;
  for (; writes <= 100 || Date.now() < until; writes++) changeFile(path, () => texts[writes % 3] ?? "");
  child.stdin.end("stop\n");
  const { reads, wrong } = JSON.parse((await lines.next()).value ?? "");
  await once(child, "close");
  t.diagnostic(`${writes} writes, ${reads} reads`);
  assert.ok(reads > 100 && writes > 100);
  assert.deepEqual(wrong, []);
});
