import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerTo, look, queryOf, Scene, serverAt, servers, types } from "./test-support.ts";

const [first, second, third] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];

/** The servers that were asked, in order. */
function asked(scene: Scene): string[] {
  return scene.channels.all.map(({ server }) => server.address);
}

/** Nothing is left of what was asked. */
function assertIdle(scene: Scene): void {
  assert.equal(scene.forwarder.inFlight, 0);
  assert.equal(scene.channels.openCount, 0);
  assert.equal(scene.clock.pending, 0);
}

describe("forward", () => {
  it("asks the first server, and makes its answer the asker's own", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    client.forward(queryOf({ id: 99, name: "wWw.Example.org" }), "udp", 5, scene.take);
    const { last } = scene.channels;
    assert.equal(client.inFlight, 1);
    assert.deepEqual([last.server.address, last.protocol], [first, "udp"]);
    assert.notEqual(look(last.query).id, 99);
    last.deliver(answerTo(last.query));
    assert.deepEqual([scene.taken[0]?.peer, scene.taken[0]?.from], [5, first]);
    const { id, name, ttls } = look(scene.answer());
    assert.deepEqual({ id, name, ttls }, { id: 99, name: ".wWw.Example.org.", ttls: [300] });
    assert.equal(client.inFlight, 0);
    assertIdle(scene);
  });

  it("asks with another id, another case and by another channel each time", () => {
    const scene = new Scene({ cacheBytes: 0 });
    const client = scene.forwarder.client(servers);
    for (let turn = 0; turn < 8; turn++) {
      client.forward(queryOf(), "udp", 5, scene.take);
      scene.channels.last.deliver(answerTo(scene.channels.last.query));
    }
    client.forward(queryOf(), "udp", 5, scene.take);
    scene.clock.pass(4500);
    const seen = scene.channels.all.map(({ query }) => look(query));
    assert.equal(seen.length, 11);
    assert.equal(new Set(seen.map(({ id }) => id)).size, 11);
    assert.equal(new Set(seen.map(({ name }) => name)).size, 11);
    assertIdle(scene);
  });

  it("asks the next on SERVFAIL, REFUSED and an answer that is not whole, at once", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    client.forward(queryOf(), "udp", 5, scene.take);
    scene.channels.last.deliver(answerTo(scene.channels.last.query, { code: 2, answers: [] }));
    scene.channels.last.deliver(answerTo(scene.channels.last.query).subarray(0, -1));
    scene.channels.last.deliver(answerTo(scene.channels.last.query));
    assert.deepEqual(asked(scene), [first, second, third]);
    assert.equal(scene.taken[0]?.from, third);
    assert.equal(look(scene.answer()).code, 0);
    assert.equal(scene.forwarder.counts.broken, 1);
    assertIdle(scene);
  });

  it("answers NXDOMAIN and other errors as they come", () => {
    for (const code of [1, 3, 4]) {
      const scene = new Scene();
      scene.forwarder.client(servers).forward(queryOf(), "udp", 5, scene.take);
      scene.channels.last.deliver(answerTo(scene.channels.last.query, { code, answers: [] }));
      assert.equal(look(scene.answer()).code, code);
      assertIdle(scene);
    }
  });

  it("answers SERVFAIL or REFUSED of the last when nobody knows better, without asking the silent once more", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers.slice(0, 2));
    client.forward(queryOf({ id: 21, name: "A.b" }), "udp", 5, scene.take);
    scene.clock.pass(1500);
    scene.channels.last.deliver(answerTo(scene.channels.last.query, { code: 5, answers: [] }));
    const { id, name, code } = look(scene.answer());
    assert.deepEqual({ id, name, code }, { id: 21, name: ".A.b.", code: 5 });
    assert.deepEqual(asked(scene), [first, second]);
    assertIdle(scene);
  });

  it("asks the next after 1.5 s, and has failed after 4.5 s, before glibc gives up", () => {
    const scene = new Scene();
    scene.forwarder.client(servers).forward(queryOf(), "udp", 5, scene.take);
    scene.clock.pass(1499);
    assert.deepEqual(asked(scene), [first]);
    scene.clock.pass(1);
    assert.deepEqual(asked(scene), [first, second]);
    assert.equal(scene.channels.openCount, 1);
    scene.clock.pass(2999);
    assert.equal(scene.taken.length, 0);
    scene.clock.pass(1);
    assert.deepEqual(scene.taken, [{ answer: "failed", peer: 5, from: undefined }]);
    assertIdle(scene);
  });

  it("asks those that were silent once more, three times altogether", () => {
    for (const [count, order] of [
      [1, [first, first, first]],
      [2, [first, second, first]],
      [3, [first, second, third]],
    ] as const) {
      const scene = new Scene();
      scene.forwarder.client(servers.slice(0, count)).forward(queryOf(), "udp", 5, scene.take);
      scene.clock.pass(4500);
      assert.deepEqual(asked(scene), order);
      assert.equal(scene.taken[0]?.answer, "failed");
      assertIdle(scene);
    }
  });

  it("waits for nobody that cannot be reached, whether it says so at once or later", () => {
    const scene = new Scene();
    scene.channels.onOpen = (listener, server) => {
      if (server.address === first) throw new Error("EMFILE");
      if (server.address === second) listener.failed("ENETUNREACH");
    };
    scene.forwarder.client(servers).forward(queryOf(), "tcp", 5, scene.take);
    const last = scene.channels.all.find(({ open }) => open);
    assert.ok(last !== undefined);
    assert.equal(last.server.address, third);
    assert.equal(last.protocol, "tcp");
    last.listener.failed("ECONNREFUSED");
    last.listener.failed("ECONNREFUSED");
    assert.deepEqual(scene.taken, [{ answer: "failed", peer: 5, from: undefined }]);
    assert.equal(scene.forwarder.counts.unreachable, 3);
    assertIdle(scene);
  });

  it("takes an answer from inside send", () => {
    const scene = new Scene();
    scene.channels.onSend = (channel) => channel.deliver(answerTo(channel.query));
    scene.forwarder.client(servers).forward(queryOf(), "udp", 5, scene.take);
    assert.equal(look(scene.answer()).id, 7);
    assertIdle(scene);
  });

  it("has failed at once without servers, and for what is no query", () => {
    const scene = new Scene();
    scene.forwarder.client([]).forward(queryOf(), "udp", 5, scene.take);
    const client = scene.forwarder.client(servers);
    client.forward(queryOf().subarray(0, 20), "udp", 6, scene.take);
    client.forward(answerTo(queryOf()), "udp", 7, scene.take);
    assert.deepEqual(
      scene.taken.map(({ answer, peer }) => [answer, peer]),
      [5, 6, 7].map((peer) => ["failed", peer]),
    );
    assertIdle(scene);
  });

  it("counts no more than three servers", () => {
    const scene = new Scene();
    const many = [...servers, { ...serverAt(0), address: "192.0.2.4" }];
    scene.forwarder.client(many).forward(queryOf(), "udp", 5, scene.take);
    for (let turn = 0; turn < 4; turn++) scene.channels.last.listener.failed("ECONNREFUSED");
    assert.deepEqual(asked(scene), [first, second, third]);
  });

  it("asks over the protocol of the asker, and passes on TC and what is cut short with it", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    client.forward(queryOf(), "udp", 5, scene.take);
    const cut = answerTo(scene.channels.last.query, { truncated: true }).subarray(0, -3);
    scene.channels.last.deliver(cut);
    assert.equal(look(scene.taken[0]?.answer as Uint8Array).truncated, true);
    client.forward(queryOf(), "tcp", 6, scene.take);
    assert.deepEqual(
      scene.channels.all.map(({ protocol }) => protocol),
      ["udp", "tcp"],
    );
  });

  it("cuts an answer down to its question where the asker by UDP has no room for it", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    const answers = Array.from({ length: 50 }, () => ({}));
    client.forward(queryOf({ edns: { size: 4096 } }), "udp", 5, scene.take);
    client.forward(queryOf({ edns: { size: 600, dnssecOk: false } }), "udp", 6, scene.take);
    scene.channels.last.deliver(answerTo(scene.channels.last.query, { answers }));
    const [whole, cut] = scene.taken.splice(0).map(({ answer }) => look(answer as Uint8Array));
    assert.deepEqual([whole?.truncated, whole?.counts], [false, [1, 50, 0, 1]]);
    assert.deepEqual([cut?.truncated, cut?.counts], [true, [1, 0, 0, 1]]);
    client.forward(queryOf({ edns: { size: 600 } }), "udp", 6, scene.take);
    assert.equal(look(scene.answer()).truncated, true);
    client.forward(queryOf({ edns: { size: 600 } }), "tcp", 6, scene.take);
    assert.equal(look(scene.answer()).counts[1], 50);
    assert.equal(scene.channels.all.length, 1);
  });

  it("sends an OPT record of its own, without the options of the asker", () => {
    const scene = new Scene();
    const edns = { size: 4096, dnssecOk: true, options: [0, 10, 0, 2, 1, 2] };
    scene.forwarder.client(servers).forward(queryOf({ edns }), "udp", 5, scene.take);
    const { query } = scene.channels.last;
    assert.deepEqual([...query.subarray(-11)], [0, 0, 41, 1232 >> 8, 1232 & 0xff, 0, 0, 0x80, 0, 0, 0]);
    assert.deepEqual(look(query).counts, [1, 0, 0, 1]);
  });

  it("sends on as it is, and never keeps, what is not a question like any other", () => {
    const signature = [0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0];
    const signed = Uint8Array.from([...queryOf({ name: "Www.example.org" }), ...signature]);
    signed[11] = 1;
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    for (let turn = 0; turn < 2; turn++) {
      client.forward(signed, "udp", 5, scene.take);
      client.forward(signed, "udp", 5, scene.take);
      const { query } = scene.channels.last;
      assert.deepEqual([...query.subarray(2)], [...signed.subarray(2)]);
      scene.channels.last.deliver(answerTo(query));
      assert.equal(look(scene.answer()).id, 7);
    }
    assert.equal(scene.channels.all.length, 2);
    assertIdle(scene);
  });

  it("refuses transfers of zones", () => {
    const scene = new Scene();
    scene.forwarder.client(servers).forward(queryOf({ type: types.axfr }), "tcp", 5, scene.take);
    assert.equal(look(scene.answer()).code, 5);
    assertIdle(scene);
  });

  it("is limited for all together, where one that floods leaves the others their places", () => {
    const scene = new Scene({ exchanges: 200, inFlight: 1000 });
    const [flood, other, another] = [1, 2, 3].map(() => scene.forwarder.client(servers));
    assert.ok(flood);
    assert.ok(other);
    assert.ok(another);
    let number = 0;
    const ask = (client: typeof flood, count: number) => {
      for (let turn = 0; turn < count; turn++)
        client.forward(queryOf({ name: `n${number++}.example` }), "udp", number, scene.take);
      return client.inFlight;
    };
    assert.equal(ask(flood, 1000), 100);
    assert.equal(ask(other, 100), 64);
    assert.equal(ask(another, 100), 36);
    assert.equal(scene.forwarder.inFlight, 200);
    assert.equal(scene.taken.length, 1200 - 200);
    assert.equal(look(scene.answer()).code, 5);
    for (const channel of scene.channels.all.slice(0, 150)) channel.deliver(answerTo(channel.query));
    assert.equal(ask(flood, 1000), 64);
  });
});

describe("in flight", () => {
  it("is limited for each client; the next is REFUSED at once", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    const other = scene.forwarder.client(servers);
    for (let number = 0; number < 1024; number++)
      client.forward(queryOf({ name: `n${number}.example.org` }), "udp", 5, scene.take);
    assert.equal(client.inFlight, 1024);
    assert.equal(scene.taken.length, 0);
    client.forward(queryOf({ id: 33, name: "One.more", edns: {} }), "udp", 5, scene.take);
    const { id, name, code, counts, recursion } = look(scene.answer());
    assert.deepEqual(
      { id, name, code, counts, recursion },
      { id: 33, name: ".One.more.", code: 5, counts: [1, 0, 0, 1], recursion: true },
    );
    other.forward(queryOf({ name: "one.more" }), "udp", 5, scene.take);
    assert.equal(scene.taken.length, 0);
    assert.equal(other.inFlight, 1);
    scene.channels.last.deliver(answerTo(scene.channels.last.query));
    scene.clock.pass(4500);
    assert.equal(scene.taken.length, 1025);
    assert.deepEqual([client.inFlight, other.inFlight], [0, 0]);
    assertIdle(scene);
  });

  it("takes one question of many once, and answers each with its id and case", () => {
    const scene = new Scene();
    const one = scene.forwarder.client(servers);
    const other = scene.forwarder.client(servers.map((server) => ({ ...server })));
    one.forward(queryOf({ id: 1, name: "WWW.example.org" }), "udp", 5, scene.take);
    one.forward(queryOf({ id: 2, name: "www.EXAMPLE.org" }), "udp", 5, scene.take);
    other.forward(queryOf({ id: 3 }), "udp", 5, scene.take);
    assert.equal(scene.channels.all.length, 1);
    assert.deepEqual([one.inFlight, other.inFlight, scene.forwarder.inFlight], [2, 1, 1]);
    scene.channels.last.deliver(answerTo(scene.channels.last.query));
    assert.deepEqual(
      scene.taken.map(({ answer }) => look(answer as Uint8Array)).map(({ id, name }) => [id, name]),
      [
        [1, ".WWW.example.org."],
        [2, ".www.EXAMPLE.org."],
        [3, ".www.example.org."],
      ],
    );
    assert.equal(scene.forwarder.counts.shared, 2);
    assertIdle(scene);
  });

  it("shares nothing between protocols, types, flags, lists of servers and namespaces", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    client.forward(queryOf(), "udp", 5, scene.take);
    client.forward(queryOf(), "tcp", 5, scene.take);
    client.forward(queryOf({ type: types.aaaa }), "udp", 5, scene.take);
    client.forward(queryOf({ class: 3 }), "udp", 5, scene.take);
    client.forward(queryOf({ recursion: false }), "udp", 5, scene.take);
    client.forward(queryOf({ authentic: true }), "udp", 5, scene.take);
    client.forward(queryOf({ checkingDisabled: true }), "udp", 5, scene.take);
    client.forward(queryOf({ edns: {} }), "udp", 5, scene.take);
    client.forward(queryOf({ edns: { dnssecOk: true } }), "udp", 5, scene.take);
    scene.forwarder.client(servers.slice(1)).forward(queryOf(), "udp", 5, scene.take);
    const inside = servers.map((server) => ({ ...server, namespace: "inside" }));
    scene.forwarder.client(inside).forward(queryOf(), "udp", 5, scene.take);
    assert.equal(scene.channels.all.length, 11);
  });

  it("does not double for a client that repeats itself", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    const query = queryOf({ id: 4 });
    client.forward(query, "udp", 5, scene.take);
    client.forward(query, "udp", 5, scene.take);
    assert.deepEqual([client.inFlight, scene.forwarder.counts.repeated], [1, 1]);
    client.forward(query, "udp", 6, scene.take);
    client.forward(queryOf({ id: 4, type: types.aaaa }), "udp", 5, scene.take);
    assert.equal(client.inFlight, 3);
    for (const channel of scene.channels.all) channel.deliver(answerTo(channel.query));
    assert.deepEqual(
      scene.taken.map(({ peer }) => peer),
      [5, 6, 5],
    );
    assertIdle(scene);
  });

  it("is dropped with the sandbox that goes, and with it only", () => {
    const scene = new Scene();
    const goes = scene.forwarder.client(servers);
    const stays = scene.forwarder.client(servers);
    goes.forward(queryOf({ id: 1 }), "udp", 5, scene.take);
    goes.forward(queryOf({ id: 1, name: "only.mine" }), "udp", 5, scene.take);
    stays.forward(queryOf({ id: 2 }), "udp", 6, scene.take);
    goes[Symbol.dispose]();
    goes[Symbol.dispose]();
    assert.deepEqual([goes.inFlight, stays.inFlight, scene.channels.openCount], [0, 1, 1]);
    goes.forward(queryOf({ id: 3 }), "udp", 5, scene.take);
    const [shared] = scene.channels.all;
    shared?.deliver(answerTo(shared.query));
    assert.deepEqual(
      scene.taken.map(({ peer }) => peer),
      [6],
    );
    assertIdle(scene);
    assert.equal(scene.forwarder.lists, 1);
    stays[Symbol.dispose]();
    assert.equal(scene.forwarder.lists, 0);
    assert.equal(scene.forwarder.cache.count, 0);
  });

  it("bears a reply that lets go of its sandbox, or asks again", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers);
    client.forward(queryOf({ id: 1 }), "udp", 5, (...taken) => {
      scene.take(...taken);
      client.forward(queryOf({ id: 9 }), "udp", 5, scene.take);
      client[Symbol.dispose]();
    });
    client.forward(queryOf({ id: 2 }), "udp", 6, scene.take);
    scene.channels.last.deliver(answerTo(scene.channels.last.query));
    assert.deepEqual(
      scene.taken.map(({ answer }) => look(answer as Uint8Array).id),
      [1, 9],
    );
    assertIdle(scene);
  });

  it("goes on with the servers that it began with when there are others", () => {
    const scene = new Scene();
    const client = scene.forwarder.client([serverAt(0)]);
    client.forward(queryOf(), "udp", 5, scene.take);
    client.setServers([serverAt(1)]);
    client.forward(queryOf(), "udp", 6, scene.take);
    const [before, after] = scene.channels.all;
    assert.deepEqual(asked(scene), [first, second]);
    before?.deliver(answerTo(before.query));
    assert.equal(scene.taken[0]?.from, first);
    assert.equal(scene.forwarder.cache.count, 0, "the list is nobody's any more");
    after?.deliver(answerTo(after.query));
    assert.equal(scene.taken[1]?.from, second);
    assert.equal(scene.forwarder.lists, 1);
    assertIdle(scene);
  });
});

describe("health", () => {
  /** Asks, and lets the servers that are given answer; the others are silent. */
  function ask(scene: Scene, well: readonly string[], count = 2): string[] {
    const before = scene.channels.all.length;
    scene.channels.onSend = (channel) => {
      if (well.includes(channel.server.address)) channel.deliver(answerTo(channel.query));
    };
    client(scene, count).forward(queryOf(), "udp", 5, scene.take);
    scene.clock.pass(4500);
    scene.taken.length = 0;
    return asked(scene).slice(before);
  }

  const clients = new WeakMap<Scene, ReturnType<Scene["forwarder"]["client"]>>();
  function client(scene: Scene, count: number) {
    const known = clients.get(scene) ?? scene.forwarder.client(servers.slice(0, count));
    clients.set(scene, known);
    return known;
  }

  it("asks one that was silent last, until some seconds have passed", () => {
    const scene = new Scene({ cacheBytes: 0 });
    assert.deepEqual(ask(scene, [second]), [first, second]);
    assert.deepEqual(ask(scene, [second]), [second]);
    scene.clock.pass(10_000);
    assert.deepEqual(ask(scene, [first, second]), [first]);
    assert.deepEqual(ask(scene, [first, second]), [first]);
  });

  it("tries one that was silent with a single query when its time is over", () => {
    const scene = new Scene({ cacheBytes: 0 });
    ask(scene, [second]);
    scene.clock.pass(10_000);
    const before = scene.channels.all.length;
    for (let number = 0; number < 3; number++)
      client(scene, 2).forward(queryOf({ name: `n${number}` }), "udp", 5, scene.take);
    assert.deepEqual(asked(scene).slice(before), [first, second, second]);
  });

  it("asks one in its place again as soon as it has answered", () => {
    const scene = new Scene({ cacheBytes: 0 });
    ask(scene, [second]);
    // The second is silent as well now: the first is asked after it.
    assert.deepEqual(ask(scene, [first]), [second, first]);
    assert.deepEqual(ask(scene, [first]), [first]);
  });

  it("is nothing that SERVFAIL changes", () => {
    const scene = new Scene({ cacheBytes: 0 });
    client(scene, 2);
    for (let turn = 0; turn < 2; turn++) {
      const before = scene.channels.all.length;
      scene.channels.onSend = (channel) => {
        const code = channel.server.address === first ? 2 : 0;
        channel.deliver(answerTo(channel.query, { code }));
      };
      client(scene, 2).forward(queryOf(), "udp", 5, scene.take);
      assert.deepEqual(asked(scene).slice(before), [first, second]);
    }
  });

  it("is good in one that answers others while a name takes it long", () => {
    const scene = new Scene({ cacheBytes: 0 });
    client(scene, 2).forward(queryOf({ name: "slow" }), "udp", 5, scene.take);
    scene.clock.pass(1000);
    client(scene, 2).forward(queryOf({ name: "quick" }), "udp", 5, scene.take);
    scene.channels.last.deliver(answerTo(scene.channels.last.query));
    scene.clock.pass(500);
    const before = scene.channels.all.length;
    assert.equal(scene.channels.last.server.address, second);
    client(scene, 2).forward(queryOf({ name: "other" }), "udp", 5, scene.take);
    assert.deepEqual(asked(scene).slice(before), [first]);
  });

  it("is nothing that a lack of sockets changes", () => {
    const scene = new Scene({ cacheBytes: 0 });
    scene.channels.onOpen = (_listener, { address }) => {
      if (address === first) throw new Error("EMFILE");
    };
    client(scene, 2).forward(queryOf(), "udp", 5, scene.take);
    scene.channels.onOpen = () => {};
    client(scene, 2).forward(queryOf({ name: "other" }), "udp", 5, scene.take);
    assert.deepEqual(asked(scene), [second, first]);
  });

  it("is of one protocol: who is silent over TCP may answer by UDP", () => {
    const scene = new Scene({ cacheBytes: 0 });
    client(scene, 2).forward(queryOf(), "tcp", 5, scene.take);
    scene.channels.last.listener.failed("ECONNREFUSED");
    client(scene, 2).forward(queryOf(), "udp", 5, scene.take);
    client(scene, 2).forward(queryOf({ name: "other" }), "tcp", 5, scene.take);
    assert.deepEqual(asked(scene), [first, second, first, second]);
  });
});
