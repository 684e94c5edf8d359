/**
 * What every store must do, as a test suite: call {@link storeContract} in the test file of a new implementation.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import type { PlainData, Store, StoreChange, StoredRecord, StoreEvent } from "../contracts/store.ts";
import { failsWith } from "../test-support.ts";
import { watchQueueLimit } from "./watch.ts";

/** Changes that every store takes in one commit; a divisor of {@link watchQueueLimit}. */
const commitSize = 100;

const put = (kind: string, id: string, value: PlainData): StoreChange => ({ op: "put", kind, id, value });
const remove = (kind: string, id: string): StoreChange => ({ op: "delete", kind, id });

/** In what stores differ by contract. */
export interface StoreTraits {
  /** Hosts share it: a record stands once in a commit, and a commit has an end. */
  readonly isShared?: boolean;
}

/** `open` answers with an empty store; what it needs besides, it cleans up after the test `t`. */
export function storeContract(
  name: string,
  open: (t: TestContext) => Store | Promise<Store>,
  { isShared = false }: StoreTraits = {},
): void {
  /** A test over a store of its own, which is closed at the end. */
  const contract = (title: string, body: (store: Store) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => {
      const store = await open(t);
      t.after(() => store.close());
      await body(store);
    });
  };

  contract("what is not there is undefined, and its list is empty", async (store) => {
    assert.equal(await store.get("network", "a"), undefined);
    assert.deepEqual(await store.list("network"), []);
  });

  contract("a record comes back as it was put", async (store) => {
    const revision = await store.commit([put("network", "a", { name: "blue", subnets: ["10.0.0.0/24"] })]);
    const expected = {
      kind: "network",
      id: "a",
      value: { name: "blue", subnets: ["10.0.0.0/24"] },
      revision,
    };
    assert.deepEqual(await store.get("network", "a"), expected);
    assert.deepEqual(await store.list("network"), [expected]);
  });

  contract("any JSON value comes back equal", async (store) => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const value: PlainData = JSON.parse(text);
        await store.commit([put("any", "a", value)]);
        assert.deepEqual((await store.get("any", "a"))?.value, value);
      }),
      { numRuns: 50 },
    );
  });

  contract("a value is not shared with the caller", async (store) => {
    const value = { name: "blue" };
    await store.commit([put("network", "a", value)]);
    value.name = "changed";
    assert.deepEqual((await store.get("network", "a"))?.value, { name: "blue" });
  });

  contract("a value that JSON cannot hold is refused, and nothing changes", async (store) => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    for (const value of [undefined, () => 0, 1n, cycle] as unknown as PlainData[]) {
      await assert.rejects(
        async () => store.commit([put("network", "a", 1), put("network", "b", value)]),
        failsWith("invalid", "value_not_json", /network\/b/),
      );
    }
    assert.deepEqual(await store.list("network"), []);
  });

  contract("kinds and ids do not run into each other", async (store) => {
    await store.commit([put("a", "b/c", 1), put("a/b", "c", 2)]);
    assert.equal((await store.get("a", "b/c"))?.value, 1);
    assert.equal((await store.get("a/b", "c"))?.value, 2);
    assert.deepEqual(idsOf(await store.list("a")), ["b/c"]);
  });

  contract("a list is in byte order of the ids", async (store) => {
    // By UTF-16 code units, as JavaScript sorts, the last two would change places.
    const ids = ["", "10", "2", "A", "a", "aa", "\u{e9}", "\u{ff5e}", "\u{1f600}"];
    await store.commit(ids.toReversed().map((id) => put("network", id, id)));
    assert.deepEqual(idsOf(await store.list("network")), ids);
  });

  contract("every commit that holds a change makes the revision grow", async (store) => {
    const empty = await store.commit([]);
    const first = await store.commit([put("network", "a", 1), put("network", "b", 1)]);
    const second = await store.commit([put("network", "b", 2)]);
    const third = await store.commit([remove("network", "b")]);
    const again = await store.commit([put("network", "b", 3)]);
    assert.ok(empty < first && first < second && second < third && third < again);
    assert.equal(await store.commit([]), again);
    assert.equal((await store.get("network", "a"))?.revision, first);
    assert.equal((await store.get("network", "b"))?.revision, again);
  });

  contract("of a record that stands several times in a commit, the last change counts", async (store) => {
    const changes = [put("network", "a", 1), remove("network", "a"), put("network", "a", 2)];
    if (isShared) {
      await assert.rejects(
        async () => store.commit(changes),
        failsWith("invalid", "record_changed_twice", /network\/a/),
      );
      assert.deepEqual(await store.list("network"), []);
      return;
    }
    await store.commit(changes);
    await store.commit([put("network", "b", 1), remove("network", "b")]);
    assert.equal((await store.get("network", "a"))?.value, 2);
    assert.equal(await store.get("network", "b"), undefined);
  });

  contract("deleting what is not there is no error", async (store) => {
    await store.commit([remove("network", "a")]);
    await store.commit([{ ...remove("network", "a"), ifRevision: 0 }]);
  });

  contract("ifRevision lets through only who has seen the newest", async (store) => {
    const conflict = failsWith("conflict", "revision_conflict", /network\/a/);
    const old = await store.commit([{ ...put("network", "a", 1), ifRevision: 0 }]);
    await assert.rejects(async () => store.commit([{ ...put("network", "a", 9), ifRevision: 0 }]), conflict);
    const now = await store.commit([{ ...put("network", "a", 2), ifRevision: old }]);
    await assert.rejects(
      async () => store.commit([{ ...put("network", "a", 9), ifRevision: old }]),
      conflict,
    );
    await assert.rejects(
      async () => store.commit([{ ...remove("network", "a"), ifRevision: old }]),
      conflict,
    );
    await assert.rejects(async () => store.commit([{ ...remove("network", "a"), ifRevision: 0 }]), conflict);
    assert.equal((await store.get("network", "a"))?.value, 2);
    await store.commit([{ ...remove("network", "a"), ifRevision: now }]);
    await assert.rejects(
      async () => store.commit([{ ...put("network", "a", 9), ifRevision: now }]),
      conflict,
    );
    assert.equal(await store.get("network", "a"), undefined);
  });

  contract("a commit that fails leaves everything as it was", async (store) => {
    const revision = await store.commit([put("network", "a", "before"), put("network", "gone", "before")]);
    const records = await store.list("network");
    const events = collectUntil("end", store.watch("network"));
    await assert.rejects(async () =>
      store.commit([
        put("network", "a", "after"),
        put("network", "new", "after"),
        remove("network", "gone"),
        { ...put("endpoint", "e", "after"), ifRevision: 1_000_000 },
      ]),
    );
    assert.deepEqual(await store.list("network"), records);
    assert.deepEqual(await store.list("endpoint"), []);
    assert.equal(await store.commit([]), revision);
    await store.commit([put("network", "end", 1)]);
    assert.deepEqual(await events, []);
  });

  contract("it agrees with a plain map over any series of commits", async (store) => {
    const key = fc.record({ kind: fc.constantFrom("x", "y"), id: fc.constantFrom("a", "b", "c") });
    // How the guess at a record's revision relates to the truth: none made, right, or wrong.
    const guess = fc.constantFrom("none", "right", "wrong");
    const change = fc.record({ op: fc.constantFrom("put", "delete"), key, value: fc.nat(), guess });
    const commit = isShared
      ? fc.uniqueArray(change, { maxLength: 4, selector: ({ key: { kind, id } }) => `${kind}/${id}` })
      : fc.array(change, { maxLength: 4 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(commit, { maxLength: 6 }), async (commits) => {
        run += 1;
        let model = new Map<string, { value: number; revision: number }>();
        let revision = await store.commit([]);
        for (const wanted of commits) {
          const next = new Map(model);
          const changes = wanted.map(({ op, key: { kind, id }, value, guess }): StoreChange => {
            const name = `${run}${kind}/${id}`;
            const current = next.get(name)?.revision ?? 0;
            if (op === "put") next.set(name, { value, revision: revision + 1 });
            else next.delete(name);
            const change = op === "put" ? put(`${run}${kind}`, id, value) : remove(`${run}${kind}`, id);
            return guess === "none"
              ? change
              : { ...change, ifRevision: guess === "right" ? current : current + 1 };
          });
          if (wanted.some(({ guess }) => guess === "wrong")) {
            await assert.rejects(
              async () => store.commit(changes),
              failsWith("conflict", "revision_conflict"),
            );
          } else {
            revision = await store.commit(changes);
            model = next;
          }
          const records = [...(await store.list(`${run}x`)), ...(await store.list(`${run}y`))];
          const found = records.map(({ kind, id, value, revision }) => [
            `${kind}/${id}`,
            { value, revision },
          ]);
          assert.deepEqual(found, [...model].sort());
        }
      }),
      { numRuns: 50 },
    );
  });

  contract("a watch tells the changes of its kind, from the call on, in order", async (store) => {
    await store.commit([put("network", "a", "unseen")]);
    const events = collectUntil("end", store.watch("network"));
    const others = collectUntil("end", store.watch("network"));
    const first = await store.commit([
      put("network", "a", 1),
      put("endpoint", "e", 1),
      put("network", "b", 2),
    ]);
    const second = await store.commit([remove("network", "a"), remove("network", "never")]);
    await store.commit([put("network", "end", 1)]);
    assert.deepEqual(await events, [
      { type: "put", record: { kind: "network", id: "a", value: 1, revision: first } },
      { type: "put", record: { kind: "network", id: "b", value: 2, revision: first } },
      // A delete tells the last value, at the revision of the deletion.
      { type: "delete", record: { kind: "network", id: "a", value: 1, revision: second } },
    ]);
    assert.deepEqual(await others, await events);
  });

  contract("a watch waits for what is yet to come", async (store) => {
    const watch = store.watch("network")[Symbol.asyncIterator]();
    const reads = [watch.next(), watch.next()];
    await store.commit([put("network", "a", 1)]);
    await store.commit([put("network", "b", 1)]);
    const ids = (await Promise.all(reads)).map(({ value }) => value.record.id);
    assert.deepEqual(ids, ["a", "b"]);
    const last = watch.next();
    await store.close();
    assert.equal((await last).done, true);
  });

  contract("a watch ends when its signal aborts, and others go on", async (store) => {
    const aborter = new AbortController();
    const aborted = collect(store.watch("network", aborter.signal));
    const others = collectUntil("end", store.watch("network"));
    assert.deepEqual(await collect(store.watch("network", AbortSignal.abort())), []);
    aborter.abort();
    await store.commit([put("network", "a", 1)]);
    assert.deepEqual(await aborted, []);
    await store.commit([put("network", "end", 1)]);
    assert.equal((await others).length, 1);
  });

  contract("a reader may leave its watch", async (store) => {
    const watch = store.watch("network");
    await store.commit([put("network", "a", 1), put("network", "b", 1)]);
    for await (const { record } of watch) {
      assert.equal(record.id, "a");
      break;
    }
    await store.commit([put("network", "c", 1)]);
    assert.deepEqual(await collect(watch), []);
  });

  contract("a watch whose reader falls too far behind fails, and others go on", async (store) => {
    const slow = store.watch("network")[Symbol.asyncIterator]();
    const quick = collectUntil("end", store.watch("network"));
    for (let at = 0; at <= watchQueueLimit; at += commitSize) {
      await store.commit(Array.from({ length: commitSize }, (_, n) => put("network", `${n}`, at)));
    }
    await store.commit([put("network", "end", 1)]);
    assert.equal((await quick).length, watchQueueLimit + commitSize);
    // A busy store may have told one watch everything and another nothing yet: what is read before it does makes room, so it is little.
    const read = async () => {
      for (let count = 0; count < commitSize; count++) {
        await slow.next();
        await setTimeout(20);
      }
    };
    await assert.rejects(read(), failsWith("unavailable", "watch_overflow"));
    assert.equal((await slow.next()).done, true);
  });

  contract("after close every call throws store_closed, and close itself does nothing", async (store) => {
    await store.commit([put("network", "a", 1)]);
    await store.close();
    const closed = failsWith("unavailable", "store_closed");
    await assert.rejects(async () => store.get("network", "a"), closed);
    await assert.rejects(async () => store.list("network"), closed);
    await assert.rejects(async () => store.commit([]), closed);
    await assert.rejects(async () => store.commit([put("network", "a", 1)]), closed);
    assert.throws(() => store.watch("network"), closed);
    await store.close();
  });
}

function idsOf(records: readonly StoredRecord[]): string[] {
  return records.map(({ id }) => id);
}

function collect(watch: AsyncIterable<StoreEvent>): Promise<StoreEvent[]> {
  return Array.fromAsync(watch);
}

/** What is told before the record of that id: a store may tell later than it answers. */
async function collectUntil(id: string, watch: AsyncIterable<StoreEvent>): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  for await (const event of watch) {
    if (event.record.id === id) break;
    events.push(event);
  }
  return events;
}
