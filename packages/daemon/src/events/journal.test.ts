import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Journal, type JournalEntry } from "./journal.ts";

/** A journal in which this many things have happened, one a millisecond: n1, n2 ... */
function filled(count: number): Journal {
  const journal = new Journal();
  for (let at = 1; at <= count; at++) add(journal, at);
  return journal;
}

function add(journal: Journal, at: number): void {
  journal.add({ type: "network:create", time: at, subject: { id: "", name: `n${at}` }, attributes: {} });
}

const names = (entries: readonly JournalEntry[]) => entries.map(({ subject }) => subject.name);

describe("the journal", () => {
  it("goes on after the entry that was seen last, and at the oldest where that is not remembered", () => {
    const journal = filled(4);
    const [, second] = journal.remembered({ since: 0 });
    assert.ok(second);
    assert.deepEqual(names(journal.remembered({ after: second.id })), ["n3", "n4"]);
    assert.deepEqual(names(journal.remembered({ after: "of-another-run" })), ["n1", "n2", "n3", "n4"]);
    assert.deepEqual(names(journal.remembered({ since: 3 })), ["n3", "n4"]);
    assert.deepEqual(journal.remembered(), []);
    const [foreign] = filled(1).remembered({ since: 0 });
    assert.ok(!journal.remembered({ since: 0 }).some(({ id }) => id === foreign?.id));
  });

  it("forgets the oldest, and remembers no fewer than it says", () => {
    const kept = names(filled(20_000).remembered({ since: 0 }));
    assert.equal(kept.at(-1), "n20000");
    assert.ok(kept.length >= 4096 && kept.length <= 2 * 4096, `${kept.length}`);
  });

  it("gives a reader what is remembered and what comes, the oldest lost where he is too slow, until it closes", async () => {
    const journal = filled(2);
    const reader = journal.read({ since: 2 });
    assert.equal((await reader.next()).value?.subject.name, "n2");
    for (let at = 3; at < 3 + 10_005; at++) add(journal, at);
    assert.equal((await reader.next()).value?.subject.name, "n8");
    const stopped = new AbortController();
    const waits = journal.read({ signal: stopped.signal }).next();
    stopped.abort();
    assert.equal((await waits).done, true);
    const late = journal.read().next();
    journal.close();
    assert.deepEqual([(await late).done, (await reader.next()).done], [true, true]);
    assert.equal((await journal.read({ since: 0 }).next()).done, true);
  });
});
