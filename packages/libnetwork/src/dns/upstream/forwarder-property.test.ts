import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Client } from "./contract.ts";
import { answerTo, type FakeChannel, look, queryOf, Scene, serverAt, soa } from "./test-support.ts";

/** Lists of servers that clients may have; the last has none. */
const lists = [[0, 1, 2], [0], [1, 2], [2, 1], []].map((places) => places.map(serverAt));
const names = ["a.example", "b.example", "c.example"];

/** What becomes of one query that was sent to a server: the messages that come, when, and whether the channel fails at last. */
const message = fc.record({
  after: fc.integer({ min: 0, max: 5000 }),
  kind: fc.constantFrom(
    "good",
    "good",
    "negative",
    "servfail",
    "refused",
    "truncated",
    "cut",
    "wrong id",
    "wrong case",
    "wrong name",
    "echo",
    "noise",
    "failed",
  ),
});
const fate = fc.record({
  atOnce: fc.constantFrom("nothing", "nothing", "nothing", "nothing", "throws", "fails", "answers"),
  messages: fc.array(message, { maxLength: 3 }),
});

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("ask" as const),
      client: fc.nat(2),
      name: fc.constantFrom(...names),
      capital: fc.boolean(),
      protocol: fc.constantFrom("udp" as const, "tcp" as const),
      peer: fc.nat(2),
      id: fc.nat(2),
      edns: fc.boolean(),
      raw: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("pass" as const), time: fc.integer({ min: 1, max: 3000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("go" as const), client: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("change" as const), client: fc.nat(2), list: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const) }) },
);

type Message = typeof message extends fc.Arbitrary<infer Value> ? Value : never;
type Fate = typeof fate extends fc.Arbitrary<infer Value> ? Value : never;
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Ask = Extract<Step, { do: "ask" }>;

interface Asked {
  readonly ask: Ask;
  readonly holder: Holder;
  answers: number;
  /** The answer was the asker's own. */
  right: boolean;
  /** A repetition of this one, or its sandbox has gone: no answer of its own. */
  excused: boolean;
}

interface Holder {
  client: Client;
  gone: boolean;
}

function forge(query: Uint8Array, kind: Message["kind"]): Uint8Array {
  const answer = answerTo(query);
  switch (kind) {
    case "negative":
      return answerTo(query, { code: 3, answers: [], authorities: [soa(2)] });
    case "servfail":
      return answerTo(query, { code: 2, answers: [] });
    case "refused":
      return answerTo(query, { code: 5, answers: [] });
    case "truncated":
      return answerTo(query, { truncated: true }).subarray(0, -2);
    case "cut":
      return answer.subarray(0, -2);
    case "wrong id":
      answer[0] = (answer[0] ?? 0) ^ 0x40;
      return answer;
    case "wrong case":
      answer[13] = (answer[13] ?? 0) ^ 0x20;
      return answer;
    case "wrong name":
      answer[13] = (answer[13] ?? 0) ^ 0x01;
      return answer;
    case "echo":
      return query;
    case "noise":
      return query.subarray(0, 9);
    default:
      return answer;
  }
}

/** The world that a run happens in. */
class Run {
  readonly scene: Scene;
  readonly asked: Asked[] = [];
  readonly holders: Holder[];
  readonly limit: number;
  readonly #fates: readonly Fate[];
  #sent = 0;

  constructor(fates: readonly Fate[], limit: number, cacheBytes: number) {
    this.scene = new Scene({ inFlight: limit, cacheBytes });
    this.limit = limit;
    this.#fates = fates;
    const { channels, forwarder } = this.scene;
    channels.onOpen = (listener) => {
      const { atOnce } = this.#fate();
      if (atOnce === "throws") throw new Error("EMFILE");
      if (atOnce === "fails") listener.failed("ENETUNREACH");
    };
    channels.onSend = (channel) => this.#send(channel);
    this.holders = [0, 1, 2].map((place) => ({ client: forwarder.client(lists[place] ?? []), gone: false }));
  }

  #fate(): Fate {
    return this.#fates[this.#sent++ % this.#fates.length] ?? { atOnce: "nothing", messages: [] };
  }

  #send(channel: FakeChannel): void {
    const { clock } = this.scene;
    const { atOnce, messages } = this.#fate();
    const { query } = channel;
    if (atOnce === "fails") channel.listener.failed("EPERM");
    if (atOnce === "answers") channel.deliver(answerTo(query));
    // Whatever is late comes nevertheless, as if the channel had not been disposed of.
    for (const { after, kind } of messages)
      clock.at(clock.now() + after, () => {
        if (kind === "failed") channel.listener.failed("ECONNREFUSED");
        else channel.deliver(forge(query, kind));
      });
  }

  ask(ask: Ask): void {
    const holder = this.holders[ask.client];
    if (holder === undefined) return;
    const { counts } = this.scene.forwarder;
    const query = queryOf({
      id: ask.id,
      name: ask.capital ? ask.name.toUpperCase() : ask.name,
      ...(ask.edns ? { edns: {} } : {}),
    });
    // A bit that must be zero makes it no question like any other.
    if (ask.raw) query[3] = 0x40;
    const asked: Asked = { ask, holder, answers: 0, right: true, excused: holder.gone };
    this.asked.push(asked);
    const repeated = counts.repeated;
    holder.client.forward(query, ask.protocol, ask.peer, (answer, peer) => {
      asked.answers++;
      if (answer === "failed") return;
      const { id, name, recursion } = look(answer);
      const wanted = `.${ask.capital ? ask.name.toUpperCase() : ask.name}.`;
      // Not thrown from here: a reply must not.
      asked.right = peer === ask.peer && id === ask.id && name === wanted && recursion;
    });
    if (counts.repeated > repeated) asked.excused = true;
  }

  take(step: Step): void {
    switch (step.do) {
      case "ask":
        this.ask(step);
        break;
      case "pass":
        this.scene.clock.pass(step.time);
        break;
      case "clear":
        this.scene.forwarder.clear();
        break;
      case "change":
        this.holders[step.client]?.client.setServers(lists[step.list] ?? []);
        break;
      case "go":
        this.#go(step.client);
        break;
    }
    this.check();
  }

  /** A sandbox goes, and another comes in its place. */
  #go(place: number): void {
    const holder = this.holders[place];
    if (holder === undefined) return;
    holder.client[Symbol.dispose]();
    holder.gone = true;
    for (const asked of this.asked) if (asked.holder === holder && asked.answers === 0) asked.excused = true;
    this.holders[place] = { client: this.scene.forwarder.client(lists[place] ?? []), gone: false };
  }

  /** At any time: what waits is what has not been answered, and nobody has two answers. */
  check(): void {
    const { forwarder, channels } = this.scene;
    for (const holder of this.holders) {
      const waiting = this.asked.filter(
        (asked) => asked.holder === holder && asked.answers === 0 && !asked.excused,
      );
      assert.equal(holder.client.inFlight, waiting.length);
      assert.ok(waiting.length <= this.limit);
    }
    for (const { answers, right } of this.asked) assert.ok(answers <= 1 && right);
    assert.equal(channels.openCount, forwarder.inFlight, "one channel for each question");
  }

  end(): void {
    const { forwarder, clock, channels } = this.scene;
    clock.pass(20_000);
    this.check();
    for (const { answers, excused } of this.asked) assert.equal(answers, excused ? 0 : 1);
    assert.equal(forwarder.inFlight, 0);
    assert.equal(channels.openCount, 0);
    assert.equal(clock.pending, 0);
    for (const { client } of this.holders) {
      assert.equal(client.inFlight, 0);
      client[Symbol.dispose]();
    }
    assert.deepEqual([forwarder.lists, forwarder.cache.count, forwarder.cache.size], [0, 0, 0]);
  }
}

describe("whatever servers do", () => {
  it("every query is answered once or dropped with its sandbox, and nothing is left", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: "max" }),
        fc.array(fate, { minLength: 1, maxLength: 12, size: "max" }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(0, 1200, 100_000),
        (steps, fates, limit, cacheBytes) => {
          const run = new Run(fates, limit, cacheBytes);
          for (const one of steps) run.take(one);
          run.end();
        },
      ),
      { numRuns: 2000 },
    );
  });
});
