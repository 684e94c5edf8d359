import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { Places } from "./places.ts";
import { type ContainerRecord, ContainerRecords } from "./record.ts";
import { isContainerRecord } from "./record-shape.ts";

it("records are kept as they were written; what is none is told and stays, what belongs to none goes", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "causeway-records-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const places = new Places(join(directory, "state"), join(directory, "run"));
  const records = new ContainerRecords(places);
  const record = (digit: string, more: Partial<ContainerRecord> = {}): ContainerRecord => ({
    ...{
      version: 1,
      id: digit.repeat(64),
      name: `c${digit}`,
      kind: "process",
      command: ["true"],
      created: 1,
    },
    ...{ detached: true, terminal: false, removeWhenEnded: false, labels: {} },
    ...more,
  });
  const kept = record("a", { end: { exitCode: 3, started: 1, finished: 2 } });
  const passing = record("b", { removeWhenEnded: true });
  for (const one of [record("a"), kept, passing]) records.write(one);
  const broken = Object.entries({
    c: "{",
    d: JSON.stringify(record("e")),
    e: JSON.stringify({ ...record("e"), version: 2 }),
    f: JSON.stringify({ ...record("f"), name: undefined }),
  });
  for (const [digit, text] of broken) writeFileSync(places.record(digit.repeat(64)), text);
  writeFileSync(places.log(kept.id), "said");
  writeFileSync(places.log("0".repeat(64)), "nobody's");
  writeFileSync(`${places.record(kept.id)}.new`, "{");
  const unreadable: string[] = [];
  const loaded = records.load((path) => unreadable.push(path), assert.fail);
  assert.deepEqual(
    loaded.toSorted((one, other) => one.name.localeCompare(other.name)),
    [kept, passing],
  );
  assert.deepEqual(
    unreadable.sort(),
    broken.map(([digit]) => places.record(digit.repeat(64))),
  );
  assert.equal(readdirSync(places.kept).length, 2 + broken.length + 1);
  assert.ok(existsSync(places.log(kept.id)));
  records.remove(kept.id);
  assert.ok(!existsSync(places.record(kept.id)) && !existsSync(places.log(kept.id)));
});

it("what is not as a record must be is none", () => {
  const whole = { version: 1, id: "a", name: "c", kind: "bundle", path: "/b", command: [], created: 1 };
  const record = { ...whole, detached: true, terminal: false, removeWhenEnded: false, labels: { a: "b" } };
  assert.ok(isContainerRecord(record));
  assert.ok(isContainerRecord({ ...record, end: { exitCode: 1, started: 1, finished: 2 } }));
  for (const damage of [
    { command: undefined },
    { command: [1] },
    { created: "yesterday" },
    { created: 1e300 },
    { kind: "foreign" },
    { labels: [] },
    { labels: { a: 1 } },
    { detached: 1 },
    { end: {} },
    { end: { exitCode: 1, started: 1 } },
  ])
    assert.equal(isContainerRecord({ ...record, ...damage }), false, JSON.stringify(damage));
});
