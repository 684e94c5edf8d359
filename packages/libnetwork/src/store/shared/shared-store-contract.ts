/**
 * What every shared store must do besides `../store-contract.ts`, as a test suite: several hosts, leases, followers, and a store that is away.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type {
  Availability,
  FollowEvent,
  LeaseId,
  SharedChange,
  SharedStore,
} from "../../contracts/shared-store.ts";
import type { PlainData } from "../../contracts/store.ts";
import { failsWith } from "../../test-support.ts";

/** An empty store and its hosts; what it needs, it cleans up after its test. */
export interface SharedScene {
  /** One more host's store. */
  connect(): SharedStore | Promise<SharedStore>;
  /** Ends a lease that nobody has ended. */
  expire(lease: LeaseId): void | Promise<void>;
  /** Cuts one host off. Returns when its store knows. */
  cutOff(store: SharedStore): void | Promise<void>;
  /** Returns when its store knows. */
  back(store: SharedStore): void | Promise<void>;
  /** Has what happened until now forgotten. */
  compact(): void | Promise<void>;
}

const put = (kind: string, id: string, value: PlainData): SharedChange => ({ op: "put", kind, id, value });
const remove = (kind: string, id: string): SharedChange => ({ op: "delete", kind, id });
const isConflict = failsWith("conflict", "revision_conflict");
const isUnavailable = failsWith("unavailable", "store_unavailable");

export function sharedStoreContract(
  name: string,
  open: (t: TestContext) => SharedScene | Promise<SharedScene>,
): void {
  const contract = (
    title: string,
    body: (stores: { one: SharedStore; other: SharedStore; scene: SharedScene }) => Promise<void>,
  ): void => {
    test(`${name}: ${title}`, async (t) => {
      const scene = await open(t);
      const [one, other] = [await scene.connect(), await scene.connect()];
      t.after(() => Promise.all([one.close(), other.close()]));
      await body({ one, other, scene });
    });
  };

  contract("what one host commits, another reads", async ({ one, other }) => {
    const revision = await one.commit([put("network", "a", { name: "blue" })]);
    const record = { kind: "network", id: "a", value: { name: "blue" }, revision };
    assert.deepEqual(await other.get("network", "a"), record);
    assert.deepEqual(await other.list("network"), [record]);
    const next = await other.commit([{ op: "delete", kind: "network", id: "a", ifRevision: revision }]);
    assert.ok(next > revision);
    assert.equal(await one.get("network", "a"), undefined);
  });

  contract("an expectation changes nothing, and stops a commit where it does not hold", async ({ one }) => {
    const revision = await one.commit([put("host", "h", 1)]);
    const expects = (id: string, ifRevision: number): SharedChange => ({
      op: "expect",
      kind: "host",
      id,
      ifRevision,
    });
    await one.commit([expects("h", revision), expects("none", 0), put("peer", "p", 1)]);
    assert.equal(await one.commit([expects("h", revision)]), await one.commit([]));
    assert.equal((await one.get("host", "h"))?.revision, revision);
    for (const failing of [expects("h", 0), expects("h", revision + 1), expects("none", revision)]) {
      await assert.rejects(one.commit([failing, put("peer", "q", 1)]), isConflict);
      await assert.rejects(one.commit([put("peer", "q", 1), failing]), isConflict);
    }
    assert.equal(await one.get("peer", "q"), undefined);
  });

  contract("a conflict says what is there and what was expected", async ({ one, other }) => {
    const revision = await one.commit([put("network", "a", 1)]);
    await assert.rejects(
      other.commit([put("network", "b", 1), { ...put("network", "a", 2), ifRevision: 0 }]),
      (error: unknown) => {
        isConflict(error);
        const { detail } = error as { detail: unknown };
        assert.deepEqual(detail, { kind: "network", id: "a", expected: 0, found: revision });
        return true;
      },
    );
  });

  contract("of 64 writers of one revision one wins, and each of them in the end", async ({ one, other }) => {
    const winners: number[] = [];
    const write = async (store: SharedStore): Promise<void> => {
      for (;;) {
        const before = await store.get("counter", "c");
        const value = Number(before?.value ?? 0) + 1;
        try {
          winners.push(
            await store.commit([{ ...put("counter", "c", value), ifRevision: before?.revision ?? 0 }]),
          );
          return;
        } catch (error) {
          isConflict(error);
        }
      }
    };
    await Promise.all(Array.from({ length: 64 }, (_, n) => write(n % 2 === 0 ? one : other)));
    assert.equal((await one.get("counter", "c"))?.value, 64);
    assert.equal(new Set(winners).size, 64);
  });

  contract("a follower is told what there is, and then what becomes of it", async ({ one, other }) => {
    const first = await other.commit([put("peer", "a", 1), put("peer", "b", 1), put("peers", "no", 1)]);
    const follower = follow(one, "peer");
    assert.deepEqual(await follower.next(3), [
      { type: "put", record: { kind: "peer", id: "a", value: 1, revision: first } },
      { type: "put", record: { kind: "peer", id: "b", value: 1, revision: first } },
      { type: "settled" },
    ]);
    const second = await other.commit([put("peer", "a", 2), put("pee", "r", 1)]);
    const third = await one.commit([remove("peer", "b")]);
    assert.deepEqual(await follower.next(2), [
      { type: "put", record: { kind: "peer", id: "a", value: 2, revision: second } },
      { type: "delete", record: { kind: "peer", id: "b", value: 1, revision: third } },
    ]);
    assert.deepEqual(await follow(one, "nothing").next(1), [{ type: "settled" }]);
  });

  contract("a follower that does not read is told the last of several changes", async ({ one, other }) => {
    const follower = follow(one, "peer");
    await follower.next(1);
    const witness = follow(one, "peer");
    await witness.next(1);
    for (let n = 1; n <= 20; n += 1) await other.commit([put("peer", "a", n)]);
    await other.commit([put("peer", "gone", 1)]);
    await other.commit([remove("peer", "gone")]);
    await other.commit([put("peer", "end", 1)]);
    await witness.until("end");
    assert.deepEqual(
      (await follower.until("end")).map(({ type, id, value }) => [type, id, value]),
      [
        ["put", "a", 20],
        ["put", "end", 1],
      ],
    );
  });

  contract("a follower ends with its signal, and with its store", async ({ one, other }) => {
    const aborter = new AbortController();
    const aborted = Array.fromAsync(one.follow("peer", aborter.signal));
    const closed = Array.fromAsync(other.follow("peer", new AbortController().signal));
    assert.deepEqual(await Array.fromAsync(one.follow("peer", AbortSignal.abort())), []);
    await one.commit([]);
    aborter.abort();
    await aborted;
    await other.close();
    await closed;
    assert.throws(
      () => other.follow("peer", new AbortController().signal),
      failsWith("unavailable", "store_closed"),
    );
    await assert.rejects(other.lease(10), failsWith("unavailable", "store_closed"));
  });

  contract("what is under a lease goes when it is ended", async ({ one, other }) => {
    const lease = await one.lease(30);
    await one.commit([
      { op: "put", kind: "peer", id: "a", value: 1, lease: lease.id },
      { op: "put", kind: "peer", id: "b", value: 1, lease: lease.id },
      put("peer", "stays", 1),
    ]);
    await one.commit([put("peer", "b", 2)]); // without the lease
    const follower = follow(other, "peer");
    await follower.next(4);
    await lease.end();
    const [deleted] = await follower.next(1);
    assert.ok(deleted?.type === "delete" && deleted.record.id === "a");
    assert.deepEqual(
      (await other.list("peer")).map(({ id }) => id),
      ["b", "stays"],
    );
    assert.equal(lease.lost.aborted, false);
    await assert.rejects(
      one.commit([put("peer", "c", 1), { op: "put", kind: "peer", id: "d", value: 1, lease: lease.id }]),
      failsWith("not_found", "lease_not_found"),
    );
    assert.equal(await one.get("peer", "c"), undefined);
  });

  contract("a lease of an earlier run is ended by whoever knows its id", async ({ one, other }) => {
    const [former, kept] = [await one.lease(30), await one.lease(30)];
    await one.commit([
      { op: "put", kind: "peer", id: "gone", value: 1, lease: former.id },
      { op: "put", kind: "peer", id: "back", value: 1, lease: former.id },
      { op: "put", kind: "peer", id: "kept", value: 1, lease: kept.id },
    ]);
    const now = await other.lease(30);
    await other.commit([{ op: "put", kind: "peer", id: "back", value: 2, lease: now.id }]);
    await other.endLease(former.id);
    await other.endLease(former.id); // nothing is wrong with it
    const ids = (await other.list("peer")).map(({ id }) => id);
    assert.deepEqual([ids, kept.lost.aborted, now.lost.aborted], [["back", "kept"], false, false]);
  });

  contract(
    "a lease that ends by itself is lost, and what was under it is gone",
    async ({ one, other, scene }) => {
      const [lost, kept] = [await one.lease(2), await one.lease(2)];
      await one.commit([
        { op: "put", kind: "peer", id: "lost", value: 1, lease: lost.id },
        { op: "put", kind: "peer", id: "kept", value: 1, lease: kept.id },
      ]);
      const told = aborted(lost.lost);
      await scene.expire(lost.id);
      await told;
      const ids = (await other.list("peer")).map(({ id }) => id);
      assert.deepEqual([ids, kept.lost.aborted], [["kept"], false]);
      await lost.end(); // nothing is wrong with it
    },
  );

  contract("a lease of less than two seconds is refused", async ({ one }) => {
    for (const seconds of [1, 0, -1, 2.5, Number.NaN])
      await assert.rejects(one.lease(seconds), failsWith("invalid", "invalid_option", /lease\.seconds/));
  });

  contract(
    "a host that is cut off says so, and fails; what it missed is told when it is back",
    async ({ one, other, scene }) => {
      const first = await other.commit([put("peer", "a", 1), put("peer", "b", 1)]);
      const follower = follow(one, "peer");
      await follower.next(3);
      const watch = one.watch("peer")[Symbol.asyncIterator]();
      const told: Availability[] = [];
      const listening = new AbortController();
      one.onAvailability((now) => told.push(now), listening.signal);

      await scene.cutOff(one);
      assert.equal(one.availability.available, false);
      assert.match(one.availability.reason ?? "", /./);
      assert.deepEqual(await follower.next(1), [{ type: "stale" }]);
      for (const attempt of [
        () => one.get("peer", "a"),
        () => one.list("peer"),
        () => one.commit([put("peer", "a", 9)]),
        () => one.commit([]),
        () => one.lease(10),
      ])
        await assert.rejects(attempt, isUnavailable);
      const late = follow(one, "peer");
      assert.deepEqual(await late.next(1), [{ type: "stale" }]);
      const second = await other.commit([put("peer", "a", 2), put("peer", "c", 1), remove("peer", "b")]);

      await scene.back(one);
      assert.equal(one.availability.available, true);
      const events = await follower.next(4);
      assert.deepEqual(events.at(-1), { type: "settled" });
      assert.deepEqual(new Set(events.slice(0, 3).map(brief)), new Set(["put a 2", "put c 1", "delete b 1"]));
      assert.deepEqual((await late.next(3)).map(brief), ["put a 2", "put c 1", "settled"]);
      const watched = [await watch.next(), await watch.next(), await watch.next()].map(({ value }) => value);
      assert.deepEqual(
        new Set(watched.map(({ record }) => `${record.id} ${record.revision}`)),
        new Set([`a ${second}`, `b ${second}`, `c ${second}`]),
      );
      assert.deepEqual(
        told.map(({ available }) => available),
        [false, true],
      );
      listening.abort();
      await scene.cutOff(one);
      assert.equal(told.length, 2);
      await scene.back(one);
      assert.ok(second > first);
    },
  );

  contract(
    "what did not change while a host was cut off is not told again",
    async ({ one, other, scene }) => {
      await other.commit([put("peer", "a", 1)]);
      const follower = follow(one, "peer");
      await follower.next(2);
      await scene.cutOff(one);
      await scene.back(one);
      assert.deepEqual(await follower.next(2), [{ type: "stale" }, { type: "settled" }]);
      await other.commit([put("peer", "b", 1)]);
      assert.deepEqual((await follower.next(1)).map(brief), ["put b 1"]);
    },
  );

  contract(
    "what was forgotten meanwhile is found by listing, and fails a watch",
    async ({ one, other, scene }) => {
      const first = await other.commit([put("peer", "a", 1), put("peer", "b", 1), put("peer", "same", 1)]);
      const follower = follow(one, "peer");
      await follower.next(4);
      const watch = one.watch("peer");
      await scene.cutOff(one);
      await other.commit([put("peer", "a", 2), remove("peer", "b"), put("peer", "c", 1)]);
      await other.commit([remove("peer", "c")]);
      await other.commit([put("other", "x", 1)]);
      await scene.compact();
      await scene.back(one);
      const events = await follower.next(4);
      assert.deepEqual(events.map(brief), ["stale", "put a 2", "delete b 1", "settled"]);
      const deleted = events[2];
      // Others may have changed what is theirs meanwhile.
      assert.ok(deleted?.type === "delete" && deleted.record.revision > first);
      assert.ok(deleted.record.revision <= (await one.commit([])));
      await assert.rejects(Array.fromAsync(watch), failsWith("unavailable", "watch_overflow"));
      const anew = one.watch("peer")[Symbol.asyncIterator]();
      await one.commit([put("peer", "d", 1)]);
      assert.equal((await anew.next()).value.record.id, "d");
      assert.deepEqual((await follower.next(1)).map(brief), ["put d 1"]);
    },
  );

  contract("a follower ends up with what is there, whatever happens", async ({ one, other, scene }) => {
    const ids = fc.constantFrom("a", "b", "c", "d");
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ does: fc.constant("put" as const), id: ids, value: fc.nat(9) }) },
      { weight: 3, arbitrary: fc.record({ does: fc.constant("delete" as const), id: ids }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constantFrom("cutOff", "back", "compact") }) },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        run += 1;
        const kind = `kind${run}`;
        const follower = follow(one, kind);
        for (const step of steps) {
          if (step.does === "put") await other.commit([put(kind, step.id, step.value)]);
          else if (step.does === "delete") await other.commit([remove(kind, step.id)]);
          else if (step.does === "compact") await scene.compact();
          else if (step.does === "cutOff" && one.availability.available) await scene.cutOff(one);
          else if (step.does === "back" && !one.availability.available) await scene.back(one);
        }
        if (!one.availability.available) await scene.back(one);
        await other.commit([put(kind, "end", 1)]);
        const view = new Map<string, unknown>();
        for (const { type, id, value } of await follower.until("end")) {
          if (type === "put") view.set(id, value);
          else assert.ok(view.delete(id), `${id} was deleted without having been told`);
        }
        const expected = (await other.list(kind)).map(({ id, value }) => [id, value]);
        assert.deepEqual([...view].sort(), expected.sort());
        follower.end();
      }),
      { numRuns: 20 },
    );
  });
}

/** A follower of which a test reads so many events at a time. */
function follow(store: SharedStore, kind: string) {
  const aborter = new AbortController();
  const events = store.follow(kind, aborter.signal)[Symbol.asyncIterator]();
  const one = async (): Promise<FollowEvent> => {
    const { done, value } = await events.next();
    assert.ok(done !== true, "the follower has ended");
    return value;
  };
  return {
    next: async (count: number): Promise<FollowEvent[]> => {
      const read: FollowEvent[] = [];
      while (read.length < count) read.push(await one());
      return read;
    },
    /** The puts and deletes up to the put of that id. */
    until: async (last: string) => {
      const read: { type: "put" | "delete"; id: string; value: PlainData }[] = [];
      for (;;) {
        const event = await one();
        if (event.type !== "put" && event.type !== "delete") continue;
        const { id, value } = event.record;
        read.push({ type: event.type, id, value });
        if (id === last) return read;
      }
    },
    end: () => aborter.abort(),
  };
}

function brief(event: FollowEvent): string {
  if (event.type === "settled" || event.type === "stale") return event.type;
  return `${event.type} ${event.record.id} ${JSON.stringify(event.record.value)}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
