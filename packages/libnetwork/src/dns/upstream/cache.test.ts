import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type AnswerParts,
  answerTo,
  look,
  type QueryParts,
  queryOf,
  Scene,
  servers,
  soa,
  types,
} from "./test-support.ts";

/** A scene in which servers answer at once, and one client. */
function sceneOf(parts: AnswerParts = {}, options = {}) {
  const scene = new Scene(options);
  const answering = { parts };
  scene.channels.onSend = (channel) => channel.deliver(answerTo(channel.query, answering.parts));
  const client = scene.forwarder.client(servers);
  const ask = (query: QueryParts = {}) => {
    client.forward(queryOf(query), "udp", 5, scene.take);
    const [taken] = scene.taken;
    return { ...look(scene.answer()), cached: taken?.from === "cache" };
  };
  return { scene, client, ask, answering };
}

describe("an answer from the cache", () => {
  it("has the asker's id, flags and case", () => {
    const { ask } = sceneOf();
    ask({ id: 1, name: "WWW.example.org" });
    const { id, name, cached, recursion, checkingDisabled } = ask({ id: 2, name: "www.EXAMPLE.org" });
    assert.deepEqual(
      { id, name, cached, recursion, checkingDisabled },
      { id: 2, name: ".www.EXAMPLE.org.", cached: true, recursion: true, checkingDisabled: false },
    );
    assert.equal(ask({ id: 3 }).name, ".www.example.org.");
  });

  it("is kept apart by type, class, RD, AD, CD, EDNS and DO, and right in each", () => {
    const { ask } = sceneOf();
    const queries: QueryParts[] = [
      {},
      { type: types.aaaa },
      { class: 3 },
      { recursion: false },
      { authentic: true },
      { checkingDisabled: true },
      { edns: {} },
      { edns: { dnssecOk: true } },
      { name: "wwv.example.org" },
    ];
    for (const query of queries) assert.equal(ask(query).cached, false);
    for (const query of queries) {
      const { cached, recursion, checkingDisabled, counts } = ask(query);
      assert.deepEqual(
        { cached, recursion, checkingDisabled, opt: counts[3] },
        {
          cached: true,
          recursion: query.recursion ?? true,
          checkingDisabled: query.checkingDisabled ?? false,
          opt: query.edns === undefined ? 0 : 1,
        },
      );
    }
  });

  it("is not authoritative, which the first one may be", () => {
    const { scene, client } = sceneOf();
    scene.channels.onSend = (channel) => {
      const answer = answerTo(channel.query);
      answer[2] = (answer[2] ?? 0) | 4;
      channel.deliver(answer);
    };
    const authoritative = [1, 2].map((id) => {
      client.forward(queryOf({ id }), "udp", 5, scene.take);
      return ((scene.answer()[2] ?? 0) & 4) !== 0;
    });
    assert.deepEqual(authoritative, [true, false]);
  });

  it("is the same for all sizes and options of EDNS", () => {
    const { ask } = sceneOf();
    ask({ edns: { size: 4096 } });
    assert.equal(ask({ edns: { size: 1400, options: [0, 3, 0, 0] } }).cached, true);
  });

  it("has TTLs that are lowered by the time that has passed, until the lowest is over", () => {
    const { scene, ask } = sceneOf({
      answers: [{ ttl: 10 }, { ttl: 20 }],
      additionals: [{ name: "x.example", ttl: 100_000 }],
    });
    assert.deepEqual(ask().ttls, [10, 20, 100_000]);
    assert.deepEqual(ask().ttls, [10, 20, 86_400]);
    scene.clock.pass(999);
    assert.deepEqual(ask().ttls, [10, 20, 86_400]);
    scene.clock.pass(1);
    assert.deepEqual(ask().ttls, [9, 19, 86_399]);
    scene.clock.pass(8999);
    assert.deepEqual(ask().ttls, [1, 11, 86_391]);
    scene.clock.pass(1);
    assert.equal(ask().cached, false);
  });

  it("is kept for a day at most", () => {
    const { scene, ask } = sceneOf({ answers: [{ ttl: 0x7fffffff }] });
    ask();
    scene.clock.pass(86_399_999);
    assert.deepEqual(ask().ttls, [1]);
    scene.clock.pass(1);
    assert.equal(ask().cached, false);
  });
});

describe("what is kept, and how long", () => {
  /** Seconds for which an answer is kept; 0: not at all. */
  function kept(parts: AnswerParts, query: QueryParts = {}): number {
    const { scene, ask } = sceneOf(parts);
    ask(query);
    if (scene.forwarder.cache.count === 0) return 0;
    for (let seconds = 1; ; seconds++) {
      scene.clock.pass(1000);
      if (!ask(query).cached) return seconds;
    }
  }
  const alias = { type: types.cname, ttl: 50, data: [0] };

  it("is not what has a TTL of 0, or of more than 31 bits (RFC 2181 8)", () => {
    assert.equal(kept({ answers: [{ ttl: 0 }] }), 0);
    assert.equal(kept({ answers: [{ ttl: 0x80000001 }] }), 0);
  });

  it("is an alias with what it leads to, by the lowest TTL", () => {
    assert.equal(kept({ answers: [alias, { ttl: 70 }] }), 50);
    assert.equal(kept({ answers: [alias, { ttl: 30 }] }), 30);
    assert.equal(kept({ answers: [alias] }, { type: types.cname }), 50);
    assert.equal(kept({ answers: [alias] }, { type: types.any }), 50);
  });

  it("is a negative answer by the SOA's minimum or TTL (RFC 2308), three hours at most", () => {
    for (const code of [0, 3]) {
      assert.equal(kept({ code, answers: [], authorities: [soa(60)] }), 60);
      assert.equal(kept({ code, answers: [], authorities: [soa(60, 20)] }), 20);
      assert.equal(kept({ code, answers: [], authorities: [soa(86_400, 86_400)] }), 10_800);
      assert.equal(kept({ code, answers: [] }), 0);
      assert.equal(kept({ code, answers: [alias], authorities: [soa(60)] }), 50);
      assert.equal(kept({ code, answers: [alias] }), 0);
      assert.equal(kept({ code, answers: [soa(60)] }), 0);
    }
  });

  it("is SERVFAIL for five seconds (RFC 9520), and no other error", () => {
    assert.equal(kept({ code: 2, answers: [] }), 5);
    for (const code of [1, 4, 5]) assert.equal(kept({ code, answers: [{}] }), 0);
  });

  it("is nothing that is truncated, and no BADVERS that looks like NOERROR", () => {
    assert.equal(kept({ truncated: true }), 0);
    assert.equal(kept({ answers: [{}], additionals: [{ name: "", type: 41, ttl: 0x01000000 }] }), 0);
  });
});

describe("the cache", () => {
  it("keeps to its limit, and lets go of what was used longest ago", () => {
    const { scene, ask } = sceneOf({}, { cacheBytes: 5000 });
    const { cache } = scene.forwarder;
    const names = Array.from({ length: 100 }, (_, number) => `n${number}.example.org`);
    for (const name of names) {
      ask({ name });
      ask({ name: "n0.example.org" });
      assert.ok(cache.size <= 5000);
    }
    const held = cache.count;
    assert.ok(held > 5 && held < 15, `${held}`);
    assert.equal(ask({ name: "n0.example.org" }).cached, true);
    assert.deepEqual(
      names.slice(-held + 1).map((name) => ask({ name }).cached),
      Array(held - 1).fill(true),
    );
    assert.equal(ask({ name: "n50.example.org" }).cached, false);
  });

  it("lets go of what has expired as others come", () => {
    const { scene, ask, answering } = sceneOf({ answers: [{ ttl: 5 }] });
    for (let number = 0; number < 100; number++) ask({ name: `n${number}.example.org` });
    scene.clock.pass(5000);
    answering.parts = { answers: [{ ttl: 500 }] };
    for (let number = 0; number < 110; number++) ask({ name: `m${number}.example.org` });
    assert.equal(scene.forwarder.cache.count, 110);
  });

  it("counts to zero again, and is empty after clear, also for what was on its way", () => {
    const { scene, client, ask } = sceneOf();
    for (let number = 0; number < 10; number++) ask({ name: `n${number}.example.org` });
    scene.channels.onSend = () => {};
    client.forward(queryOf({ name: "late.example.org" }), "udp", 5, scene.take);
    scene.forwarder.clear();
    assert.deepEqual([scene.forwarder.cache.count, scene.forwarder.cache.size], [0, 0]);
    scene.channels.last.deliver(answerTo(scene.channels.last.query));
    assert.equal(look(scene.answer()).code, 0);
    assert.equal(scene.forwarder.cache.count, 0);
  });

  it("goes with the last client of a list", () => {
    const { scene, client, ask } = sceneOf();
    const other = scene.forwarder.client(servers);
    ask();
    client[Symbol.dispose]();
    assert.equal(scene.forwarder.cache.count, 1);
    other[Symbol.dispose]();
    assert.deepEqual([scene.forwarder.cache.count, scene.forwarder.cache.size], [0, 0]);
  });

  it("is off by option", () => {
    const { ask, scene } = sceneOf({}, { cacheBytes: 0 });
    ask();
    assert.equal(ask().cached, false);
    assert.equal(scene.forwarder.cache.count, 0);
  });

  it("serves 50,000 answers with next to no memory", () => {
    const { scene, client, ask } = sceneOf();
    ask();
    const query = queryOf({ id: 3, name: "Www.example.org" });
    let answers = 0;
    const reply = () => {
      answers++;
    };
    const spent = Array.from({ length: 6 }, () => {
      const before = process.memoryUsage().heapUsed;
      for (let number = 0; number < 50_000; number++) client.forward(query, "udp", 5, reply);
      return process.memoryUsage().heapUsed - before;
    });
    assert.equal(answers, 300_000);
    assert.equal(scene.forwarder.counts.cached, 300_000);
    // A garbage collection in between makes less of it, never more.
    const least = spent.toSorted((one, other) => one - other)[2] ?? 0;
    assert.ok(least < 50_000 * 32, `${spent.map((bytes) => bytes / 50_000).join(", ")} bytes for each`);
  });
});
