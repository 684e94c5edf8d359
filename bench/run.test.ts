// The promises of `npm run bench`: its exit status, its JSON, its list.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { listBenches, parseRequest, type Request, runBench } from "./lib/runner.ts";

const directory = mkdtempSync(join(tmpdir(), "causeway-bench-"));
after(() => rmSync(directory, { recursive: true }));

function makeBench(name: string, body: string): void {
  const source = `export const description = "about ${name}";\nexport async function run(context) { ${body} }\n`;
  writeFileSync(join(directory, `${name}.bench.ts`), source);
}

makeBench(
  "holds",
  `return [{ name: "a", value: 2, unit: "x", bar: { atMost: 2 } }, { name: "b", value: 1234.5, unit: "us" }];`,
);
makeBench(
  "short",
  `return [{ name: "a", value: 2, unit: "x", bar: { atMost: 2 } }, { name: "b", value: 9, unit: "1/s", bar: { atLeast: 10 } }];`,
);
makeBench("broken", `throw new Error("no compiler");`);
makeBench("empty", `context.log("looking"); return [];`);
makeBench("nan", `return [{ name: "a", value: NaN, unit: "x" }];`);

async function bench(name: string, json = false) {
  const written = { out: "", err: "" };
  const status = await runBench(
    directory,
    { name, json },
    {
      out: (text) => {
        written.out += text;
      },
      err: (text) => {
        written.err += text;
      },
    },
  );
  return { status, ...written };
}

test("status 0 when every figure holds its bar, and a table", async () => {
  const { status, out, err } = await bench("holds");
  assert.equal(status, 0);
  assert.match(out, /^holds {2}\(Linux .*\n {2}a +2 x +at most 2 x +ok\n {2}b +1,235 us\n$/);
  assert.equal(err, "");
});

test("status 1 when one falls short, and the table says which", async () => {
  const { status, out } = await bench("short");
  assert.equal(status, 1);
  assert.match(out, /a .* ok\n.*b +9 1\/s +at least 10 1\/s +FALLS SHORT\n/);
});

test("status 2 and a reason on the error stream, and no figures, when it could not run", async () => {
  for (const [name, reason] of [
    ["broken", /could not run: Error: no compiler/],
    ["empty", /looking\n.*measured nothing/],
    ["nan", /figure "a" has the value NaN/],
    ["missing", /there is no bench "missing"; there are: broken, empty, holds, nan, short/],
  ] as const) {
    const { status, out, err } = await bench(name, true);
    assert.equal(status, 2, name);
    assert.match(err, reason);
    assert.equal(out, "");
  }
});

test("--json is one object", async () => {
  const { status, out } = await bench("short", true);
  assert.equal(status, 1);
  const { bench: name, figures, context, ...rest } = JSON.parse(out);
  assert.equal(name, "short");
  assert.deepEqual(figures, [
    { name: "a", value: 2, unit: "x", bar: { atMost: 2 }, ok: true },
    { name: "b", value: 9, unit: "1/s", bar: { atLeast: 10 }, ok: false },
  ]);
  assert.deepEqual(Object.keys(context).slice(0, 4), ["date", "kernel", "node", "cpus"]);
  assert.deepEqual(rest, {});
});

test("the list names every bench with its description", async () => {
  let out = "";
  await listBenches(directory, {
    out: (text) => {
      out += text;
    },
    err: assert.fail,
  });
  assert.equal(
    out,
    ["broken", "empty ", "holds ", "nan   ", "short "]
      .map((name) => `${name}  about ${name.trim()}\n`)
      .join(""),
  );
});

test("the command line", () => {
  const run = (json: boolean): Request => ({ kind: "run", name: "attach", json });
  assert.deepEqual(parseRequest(["attach"]), run(false));
  assert.deepEqual(parseRequest(["attach", "--json"]), run(true));
  assert.deepEqual(parseRequest(["--json", "attach"]), run(true));
  assert.deepEqual(parseRequest(["--list"]), { kind: "list" });
  for (const help of ["--help", "-h"]) assert.deepEqual(parseRequest([help]), { kind: "help" });
  assert.throws(() => parseRequest([]), /^Error: usage: npm run bench -- NAME/);
  assert.throws(() => parseRequest(["a", "nosuch"]), /one bench at a time: leave out nosuch/);
  assert.throws(() => parseRequest(["a", "--jsn"]), /--jsn/);
});

test("the program itself: status 2 for a bench that is not there, from inside the machine", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "run.ts"), "nothing"], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /there is no bench "nothing"; there are: .*floor/);
});
