import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ForwarderCounts } from "./contract.ts";
import { answerTo, look, nameOf, queryOf, Scene, servers, soa, types } from "./test-support.ts";

/** Something that a stranger would have us believe. */
const poison = { answers: [{ data: [203, 0, 113, 66] }] };

function ask(): Scene {
  const scene = new Scene();
  scene.forwarder.client(servers).forward(queryOf({ name: "www.example.org" }), "udp", 5, scene.take);
  return scene;
}

/** The message is ignored and counted, and the right answer comes through after it. */
function assertIgnored(forge: (query: Uint8Array) => Uint8Array, count: keyof ForwarderCounts): void {
  const scene = ask();
  const { last } = scene.channels;
  last.deliver(forge(last.query));
  assert.equal(scene.taken.length, 0);
  assert.equal(scene.forwarder.counts[count], 1, count);
  assert.equal(scene.forwarder.cache.count, 0);
  assert.ok(last.open, "it goes on waiting");
  last.deliver(answerTo(last.query));
  assert.deepEqual([...scene.answer().subarray(-4)], [192, 0, 2, 80]);
}

function changed(message: Uint8Array, offset: number, change: (byte: number) => number): Uint8Array {
  message[offset] = change(message[offset] ?? 0);
  return message;
}

describe("an answer is ignored", () => {
  it("with another id", () => {
    assertIgnored((query) => changed(answerTo(query, poison), 0, (byte) => byte ^ 1), "wrongId");
    assertIgnored((query) => changed(answerTo(query, poison), 1, (byte) => byte ^ 1), "wrongId");
  });

  it("to another name, type or class, to none and to two", () => {
    const end = 12 + nameOf("www.example.org").length;
    for (const offset of [14, end + 1, end + 3, 5])
      assertIgnored((query) => changed(answerTo(query, poison), offset, (byte) => byte ^ 3), "wrongQuestion");
    assertIgnored((query) => {
      const other = answerTo(queryOf({ name: "www.example.net" }), poison);
      other.set(query.subarray(0, 2));
      return other;
    }, "wrongQuestion");
    assertIgnored((query) => changed(answerTo(query, poison), 5, () => 0), "wrongQuestion");
    assertIgnored((query) => changed(answerTo(query, poison).subarray(0, 12), 5, () => 1), "wrongQuestion");
  });

  it("to our name in another case", () => {
    assertIgnored((query) => changed(answerTo(query, poison), 13, (byte) => byte ^ 0x20), "wrongCase");
  });

  it("of another kind, or that is a query", () => {
    assertIgnored((query) => changed(answerTo(query, poison), 2, (byte) => byte | 0x20), "wrongQuestion");
    assertIgnored((query) => query, "notAnswers");
    assertIgnored((query) => query.subarray(0, 11), "notAnswers");
    assertIgnored(() => new Uint8Array(0), "notAnswers");
  });

  it("by the channel of another question", () => {
    const scene = ask();
    scene.forwarder.client(servers).forward(queryOf({ name: "evil.example.net" }), "udp", 6, scene.take);
    const [ours, theirs] = scene.channels.all;
    assert.ok(ours !== undefined && theirs !== undefined);
    theirs.deliver(answerTo(ours.query, poison));
    assert.equal(scene.taken.length, 0);
    assert.ok(ours.open);
    ours.deliver(answerTo(ours.query));
    assert.equal(scene.taken[0]?.peer, 5);
  });

  it("by the channel of a server whose time is over, though it is the answer", () => {
    const scene = ask();
    const late = scene.channels.last;
    scene.clock.pass(1500);
    assert.notEqual(scene.channels.last, late);
    late.deliver(answerTo(late.query, poison));
    late.deliver(answerTo(scene.channels.last.query, poison));
    assert.equal(scene.taken.length, 0);
    assert.equal(scene.forwarder.counts.late, 2);
    scene.channels.last.deliver(answerTo(scene.channels.last.query));
    scene.channels.last.deliver(answerTo(scene.channels.last.query, poison));
    assert.deepEqual([...scene.answer().subarray(-4)], [192, 0, 2, 80]);
    assert.equal(scene.forwarder.counts.late, 3);
  });

  it("however many there are of it, as long as the server's time lasts", () => {
    const scene = ask();
    const { last } = scene.channels;
    for (let guess = 0; guess < 65_536; guess++) {
      const forged = answerTo(queryOf({ id: guess }), poison);
      if (guess !== look(last.query).id) last.deliver(forged);
    }
    assert.equal(scene.taken.length, 0);
    assert.equal(scene.forwarder.counts.wrongId, 65_535);
    scene.clock.pass(4500);
    assert.equal(scene.taken[0]?.answer, "failed");
  });
});

describe("a server that does not keep the case", () => {
  it("is asked in lower case when it has shown that, and answers the asker in its own", () => {
    const scene = new Scene();
    scene.channels.onSend = (channel) => {
      const answer = answerTo(channel.query);
      for (let offset = 12; offset < 28; offset++)
        changed(answer, offset, (byte) => (byte > 63 ? byte | 0x20 : byte));
      channel.deliver(answer);
    };
    const client = scene.forwarder.client(servers.slice(0, 1));
    client.forward(queryOf({ name: "WwW.example.org" }), "udp", 5, scene.take);
    assert.equal(scene.forwarder.counts.wrongCase, 1);
    scene.clock.pass(1500);
    assert.equal(look(scene.answer()).name, ".WwW.example.org.");
    assert.equal(look(scene.channels.last.query).name, ".www.example.org.");
    client.forward(queryOf({ name: "oTher.example.org" }), "udp", 5, scene.take);
    assert.equal(look(scene.answer()).name, ".oTher.example.org.");
  });
});

describe("an answer is trusted for its question only", () => {
  it("passes on records of other names, and never answers these with them", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    client.forward(queryOf({ name: "evil.example" }), "udp", 5, scene.take);
    const extra = { name: "bank.example", data: [203, 0, 113, 66] };
    const nameServer = { name: "example", type: types.ns, data: nameOf("bank.example") };
    scene.channels.last.deliver(
      answerTo(scene.channels.last.query, {
        answers: [{}, extra],
        authorities: [nameServer],
        additionals: [extra],
      }),
    );
    assert.deepEqual(look(scene.answer()).counts, [1, 2, 1, 1]);
    assert.equal(scene.forwarder.cache.count, 1);
    for (const [name, type] of [
      ["bank.example", types.a],
      ["example", types.ns],
      ["evil.example", types.aaaa],
    ] as const) {
      const before = scene.channels.all.length;
      client.forward(queryOf({ name, type }), "udp", 5, scene.take);
      assert.equal(scene.channels.all.length, before + 1, `${name} is asked for`);
    }
    assert.equal(scene.taken.length, 0);
  });

  it("keeps what one list of servers says from those who have another", () => {
    const scene = new Scene();
    const theirs = servers.map((server) => ({ ...server, namespace: "theirs" }));
    scene.forwarder.client(theirs).forward(queryOf(), "udp", 5, scene.take);
    scene.channels.last.deliver(answerTo(scene.channels.last.query, poison));
    scene.taken.length = 0;
    for (const list of [servers, theirs.slice(0, 2), theirs.toReversed()]) {
      const before = scene.channels.all.length;
      scene.forwarder.client(list).forward(queryOf(), "udp", 6, scene.take);
      assert.equal(scene.channels.all.length, before + 1);
    }
    assert.equal(scene.taken.length, 0);
  });

  it("keeps nothing of an answer without data, or with an error, but by the rules", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    for (const parts of [
      { answers: [], authorities: [{ name: "example.org", type: types.ns, data: nameOf("ns.evil") }] },
      { code: 3, answers: [] },
      { code: 1, answers: [{}] },
      { answers: [], additionals: [soa(100)] },
    ]) {
      client.forward(queryOf(), "udp", 5, scene.take);
      scene.channels.last.deliver(answerTo(scene.channels.last.query, parts));
      assert.equal(scene.forwarder.cache.count, 0);
    }
    assert.equal(scene.channels.all.length, 4);
  });
});
