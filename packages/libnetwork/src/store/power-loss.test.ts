// What is left of a write-ahead log after a power cut: frames that are missing, torn, garbled, doubled or in the wrong order. The
// store opens with the first k commits, for some k, or says store_corrupt; never with a mixture. SQLite's log: https://sqlite.org/walformat.html

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CausewayError } from "../errors.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./test-support.ts";

const headerBytes = 32;
const frameBytes = 24 + 4096;
const before = 5;
const inLog = 20;

/** Each commit writes all of its four records, and deletes what the one before it made for it. */
function commit(store: SqliteStore, number: number): void {
  const value = { number, filler: "x".repeat(900) };
  store.commit([
    ...["a", "b", "c"].map((id) => ({ op: "put", kind: "same", id, value }) as const),
    { op: "put", kind: "one", id: String(number), value: number },
    { op: "delete", kind: "one", id: String(number - 1) },
  ]);
}

/** Which commit was the last; fails on a mixture of two. */
function lastCommit(store: SqliteStore): number {
  const revision = store.commit([]);
  const numbers = store.list("same").map(({ value }) => Reflect.get(Object(value), "number"));
  assert.deepEqual(numbers, revision === 0 ? [] : [revision, revision, revision]);
  assert.deepEqual(
    store.list("one").map(({ value }) => value),
    revision === 0 ? [] : [revision],
  );
  return revision;
}

interface Wreck {
  /** What stands in the log. */
  readonly log: Buffer;
  /** Byte at which each commit of the log ends, the first one's first. */
  readonly ends: readonly number[];
  /** Opens the database with another log: answers the last commit, or the code of the error. */
  open(log: Buffer): number | string;
}

function wreck(t: TestContext): Wreck {
  const directory = temporaryDirectory(t);
  const live = join(directory, "live");
  const first = SqliteStore.open(live);
  for (let number = 1; number <= before; number++) commit(first, number);
  first.close();
  const store = SqliteStore.open(live);
  const path = join(live, "causeway.db");
  const ends: number[] = [];
  for (let number = before + 1; number <= before + inLog; number++) {
    commit(store, number);
    ends.push(readFileSync(`${path}-wal`).length);
  }
  const log = readFileSync(`${path}-wal`);
  const database = readFileSync(path);
  store.close();
  const open = (tail: Buffer): number | string => {
    const stateDir = mkdtempSync(join(directory, "state-"));
    writeFileSync(join(stateDir, "causeway.db"), database);
    writeFileSync(join(stateDir, "causeway.db-wal"), tail);
    try {
      return opened(stateDir);
    } catch (error) {
      if (error instanceof CausewayError) return error.code;
      throw error;
    } finally {
      rmSync(stateDir, { recursive: true });
    }
  };
  return { log, ends, open };
}

/** The last commit that is there; another one can be made behind it, and is there, too. */
function opened(stateDir: string): number {
  const store = SqliteStore.open(stateDir);
  let last: number;
  try {
    last = lastCommit(store);
    commit(store, last + 1);
  } finally {
    store.close();
  }
  const again = SqliteStore.open(stateDir);
  try {
    assert.equal(lastCommit(again), last + 1);
  } finally {
    again.close();
  }
  return last;
}

/** Numbers that look random, and are the same again for the same seed (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** CAUSEWAY_SEED replays a run. */
function seeded(t: TestContext): (below: number) => number {
  const seed = Number(process.env.CAUSEWAY_SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  return randomNumbers(seed);
}

/** The last commit whose end is within so many whole bytes. */
function survivors(ends: readonly number[], bytes: number): number {
  return before + ends.filter((end) => end <= bytes).length;
}

test("a log that is cut off anywhere is that of the commits that are whole in it", (t) => {
  const { log, ends, open } = wreck(t);
  const random = seeded(t);
  const frames = (log.length - headerBytes) / frameBytes;
  assert.ok(Number.isInteger(frames) && frames > inLog, `${frames} frames`);
  const cuts = Array.from({ length: frames + 1 }, (_, frame) => headerBytes + frame * frameBytes);
  for (let sample = 0; sample < 60; sample++) cuts.push(random(log.length));
  for (const cut of cuts) assert.equal(open(log.subarray(0, cut)), survivors(ends, cut), `cut at ${cut}`);
});

test("what was synced last is there when only what came after it is damaged", (t) => {
  const { log, ends, open } = wreck(t);
  const random = seeded(t);
  for (const [at, end] of ends.entries()) {
    const tail = Buffer.from(log);
    for (let byte = end; byte < tail.length; byte++) tail[byte] = random(256);
    assert.equal(open(tail), before + at + 1, `garbled from ${end}`);
    tail.fill(0, end);
    assert.equal(open(tail), before + at + 1, `zero from ${end}`);
  }
});

test("frames that are garbled, lost, doubled, moved or old leave whole commits only", (t) => {
  const { log, ends, open } = wreck(t);
  const random = seeded(t);
  const header = log.subarray(0, headerBytes);
  const frames = Array.from({ length: (log.length - headerBytes) / frameBytes }, (_, at) =>
    log.subarray(headerBytes + at * frameBytes, headerBytes + (at + 1) * frameBytes),
  );
  /** The frames with some of them changed, and the first place that differs. */
  const harms: Readonly<Record<string, (at: number, other: number) => readonly Buffer[]>> = {
    lost: (at) => frames.toSpliced(at, 1),
    doubled: (at) => frames.toSpliced(at, 0, frames[at] ?? header),
    swapped: (at, other) => frames.with(at, frames[other] ?? header).with(other, frames[at] ?? header),
    replaced: (at, other) => frames.with(at, frames[other] ?? header),
    zero: (at) => frames.with(at, Buffer.alloc(frameBytes)),
    reversed: (at) => [...frames.slice(0, at), ...frames.slice(at).reverse()],
    garbled: (at) => {
      const frame = Buffer.from(frames[at] ?? header);
      const byte = random(frameBytes);
      frame[byte] = (frame[byte] ?? 0) ^ (1 << random(8));
      return frames.with(at, frame);
    },
  };
  for (const [what, harm] of Object.entries(harms)) {
    for (let sample = 0; sample < 25; sample++) {
      const [at, other] = [random(frames.length), random(frames.length)];
      const damaged = Buffer.concat([header, ...harm(at, other)]);
      const same = firstDifference(damaged, log);
      // In which frame the difference is: from there on nothing counts.
      const whole = headerBytes + Math.floor(Math.max(0, same - headerBytes) / frameBytes) * frameBytes;
      assert.equal(open(damaged), survivors(ends, whole), `${what} ${at} ${other}`);
    }
  }
});

test("a garbled header of the log leaves what is in the database", (t) => {
  const { log, open } = wreck(t);
  for (let byte = 0; byte < headerBytes; byte++) {
    const damaged = Buffer.from(log);
    damaged[byte] = (damaged[byte] ?? 0) ^ 0x10;
    // The version number is not skipped: SQLite says that it cannot read such a log.
    const found = open(damaged);
    assert.ok(found === before || found === "store_open_failed", `byte ${byte}: ${found}`);
  }
});

function firstDifference(one: Buffer, other: Buffer): number {
  let at = 0;
  while (at < one.length && at < other.length && one[at] === other[at]) at++;
  return at;
}

test("a checkpoint that was cut short is done again from the log", (t) => {
  const directory = temporaryDirectory(t);
  const random = seeded(t);
  const live = join(directory, "live");
  const store = SqliteStore.open(live);
  for (let number = 1; number <= inLog; number++) commit(store, number);
  const path = join(live, "causeway.db");
  const [old, log] = [readFileSync(path), readFileSync(`${path}-wal`)];
  store.close();
  const done = readFileSync(path);
  for (let sample = 0; sample < 40; sample++) {
    // Some of the pages have been written, in any order, and one of them in part.
    const half = Buffer.alloc(done.length);
    old.copy(half);
    for (let page = 0; page < done.length; page += 4096) {
      if (random(2) === 0) done.copy(half, page, page, page + (random(8) === 0 ? random(4096) : 4096));
    }
    const stateDir = mkdtempSync(join(directory, "state-"));
    writeFileSync(join(stateDir, "causeway.db"), half);
    writeFileSync(join(stateDir, "causeway.db-wal"), log);
    assert.equal(opened(stateDir), inLog, `sample ${sample}`);
    rmSync(stateDir, { recursive: true });
  }
});
