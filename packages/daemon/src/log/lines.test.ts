import assert from "node:assert/strict";
import { it } from "node:test";
import { lineForPeople } from "./lines.ts";

it("shows time, level, text and what belongs to it", () => {
  const line = `{"level":"warn","time":"2026-01-02T03:04:05.678Z","operation":"ab","names":["a"],"msg":"it is gone"}\n`;
  assert.equal(lineForPeople(line, false), '03:04:05.678 warn  it is gone operation=ab names=["a"]\n');
  assert.ok(lineForPeople(line, true).includes("\u001b[33mwarn"));
});

it("shows an error's stack below, and lets nothing from outside move the cursor", () => {
  const line = JSON.stringify({
    level: "error",
    time: "",
    msg: "a\u001b[2Jb",
    err: { stack: "Error: x\n    at y" },
  });
  assert.equal(
    lineForPeople(line, false),
    "error a\\u001b[2Jb\n    Error: x\n        at y\n".replace(/^/, " "),
  );
});

it("lets nothing move the cursor that JSON would not escape", () => {
  const line = JSON.stringify({
    level: "info",
    time: "",
    msg: "a\u009b2Jb\u202ec",
    caller: "uid 1 (\u009b2J\u007f)",
  });
  assert.equal(lineForPeople(line, false), ` info  a\\u009b2Jb\\u202ec caller="uid 1 (\\u009b2J\\u007f)"\n`);
});

it("lets pass what is no line of ours", () => {
  assert.equal(lineForPeople("panic\n", false), "panic\n");
});
