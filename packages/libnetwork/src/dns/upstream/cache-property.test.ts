import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Cache, CachePart } from "./cache.ts";
import { Lifetime } from "./lifetime.ts";
import { Question } from "./question.ts";
import { answerTo, look, queryOf } from "./test-support.ts";

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      part: fc.nat(1),
      name: fc.nat(11),
      ttl: fc.integer({ min: 0, max: 20 }),
      size: fc.nat(3),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("find" as const), part: fc.nat(1), name: fc.nat(11) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), part: fc.nat(1) }) },
);

/** All questions have one of two hashes: what differs is told by the bytes. */
function read(query: Uint8Array, name: number): Question {
  const question = new Question();
  assert.ok(question.read(query, query.length, 1));
  question.hash = name % 2;
  return question;
}

describe("the cache against a model", () => {
  it("finds nothing but what was put in last and has not expired, within its limit, and adds up", () => {
    const lifetime = new Lifetime();
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120, size: "max" }),
        fc.constantFrom(1500, 4000, 1e6),
        (steps, limit) => {
          const cache = new Cache(limit);
          const parts = [new CachePart(), new CachePart()];
          const model = parts.map(() => new Map<number, { expires: number; size: number }>());
          let now = 0;
          for (const one of steps) {
            if (one.do === "pass") now += one.seconds * 1000;
            else if (one.do === "drop") {
              const part = parts[one.part];
              if (part !== undefined) cache.drop(part);
              assert.equal(part?.entries.size, 0);
              parts[one.part] = new CachePart();
              model[one.part]?.clear();
            } else {
              const part = parts[one.part];
              const known = model[one.part];
              assert.ok(part !== undefined && known !== undefined);
              const query = queryOf({ name: `name${String.fromCharCode(97 + one.name)}.example` });
              const question = read(query, one.name);
              if (one.do === "put") {
                const answer = answerTo(query, {
                  answers: Array.from({ length: one.size + 1 }, () => ({ ttl: one.ttl })),
                });
                assert.ok(lifetime.read(answer, question.type));
                cache.put(part, question, answer, lifetime, cache.epoch, now);
                if (one.ttl > 0) known.set(one.name, { expires: now + one.ttl * 1000, size: one.size + 1 });
                if (one.ttl > 0 && limit > 1500)
                  assert.ok(cache.find(part, question, query, now) !== undefined);
              } else {
                const found = cache.find(part, question, query, now);
                const wanted = known.get(one.name);
                if (found !== undefined) {
                  assert.ok(wanted !== undefined && wanted.expires > now);
                  const { counts, name, ttls } = look(found);
                  assert.equal(counts[1], wanted.size);
                  assert.equal(name, look(query).name);
                  assert.equal(ttls[0], Math.ceil((wanted.expires - now) / 1000));
                } else if (limit === 1e6) {
                  assert.ok(wanted === undefined || wanted.expires <= now);
                }
              }
            }
            assert.ok(cache.size <= limit && cache.size >= 0);
            assert.equal(
              cache.count,
              parts.reduce((sum, { entries }) => sum + entries.size, 0),
            );
            assert.equal(
              cache.size,
              parts.flatMap(({ entries }) => [...entries]).reduce((sum, entry) => sum + entry.size, 0),
            );
          }
          cache.clear();
          assert.deepEqual([cache.count, cache.size], [0, 0]);
          assert.ok(parts.every(({ entries }) => entries.size === 0));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("keeps no more than eight that have one hash", () => {
    const cache = new Cache(1e6);
    const part = new CachePart();
    const lifetime = new Lifetime();
    for (let name = 0; name < 40; name += 2) {
      const query = queryOf({ name: `name${name}.example` });
      const answer = answerTo(query);
      lifetime.read(answer, 1);
      cache.put(part, read(query, name), answer, lifetime, cache.epoch, 0);
    }
    assert.equal(part.entries.size, 8);
  });
});
