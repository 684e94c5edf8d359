import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mannerOf, usualManner } from "./manner.ts";
import { answerTo, look, queryOf, Scene, servers } from "./test-support.ts";

const [first, second, third] = servers.map(({ address }) => address);

function asked(scene: Scene): string[] {
  return scene.channels.all.map(({ server, protocol }) => `${server.address} ${protocol}`);
}

describe("mannerOf", () => {
  it("knows timeout, rotate and use-vc, and leaves the others to the asker", () => {
    assert.deepEqual(mannerOf([]), usualManner);
    assert.deepEqual(
      mannerOf(["ndots:2", "attempts:9", "edns0", "timeout", "timeout:", "timeout:-1"]),
      usualManner,
    );
    assert.deepEqual(mannerOf(["rotate", "use-vc"]), { ...usualManner, rotates: true, byTcp: true });
  });

  it("takes three tries into what the asker waits, within limits", () => {
    const patience = (...options: string[]) => mannerOf(options).patience;
    assert.equal(patience("timeout:5"), 1500);
    assert.equal(patience("timeout:10"), 3000);
    assert.equal(patience("timeout:1"), 500);
    assert.equal(patience("timeout:0"), 500);
    assert.equal(patience("timeout:9999"), 9000);
    assert.equal(patience("timeout:1", "timeout:20"), 6000);
  });
});

describe("a client's manner", () => {
  it("is how long a server is waited for", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers, mannerOf(["timeout:2"]));
    client.forward(queryOf(), "udp", 1, scene.take);
    scene.clock.pass(599);
    assert.deepEqual(asked(scene), [`${first} udp`]);
    scene.clock.pass(1);
    assert.deepEqual(asked(scene), [`${first} udp`, `${second} udp`]);
    scene.clock.pass(1200);
    assert.equal(scene.taken[0]?.answer, "failed");
  });

  it("is to begin with another server each time, and to pass by one in bad health", () => {
    const scene = new Scene({ cacheBytes: 0 });
    const client = scene.forwarder.client(servers, mannerOf(["rotate"]));
    const ask = () => {
      client.forward(queryOf(), "udp", 1, scene.take);
      scene.channels.last.deliver(answerTo(scene.channels.last.query));
    };
    for (let turn = 0; turn < 4; turn++) ask();
    assert.deepEqual(asked(scene), [`${first} udp`, `${second} udp`, `${third} udp`, `${first} udp`]);
    scene.clock.pass(1);
    client.forward(queryOf(), "udp", 1, scene.take);
    scene.clock.pass(1500);
    // The second was silent: the third is next, and in its stead when it is its turn.
    scene.channels.last.deliver(answerTo(scene.channels.last.query));
    for (let turn = 0; turn < 3; turn++) ask();
    assert.deepEqual(asked(scene).slice(4), [
      `${second} udp`,
      `${third} udp`,
      `${third} udp`,
      `${first} udp`,
      `${third} udp`,
    ]);
  });

  it("is TCP for who asks by UDP, where an answer that is too long is cut all the same", () => {
    const scene = new Scene();
    const client = scene.forwarder.client(servers, mannerOf(["use-vc"]));
    client.forward(queryOf(), "udp", 1, scene.take);
    client.forward(queryOf({ id: 9 }), "tcp", 2, scene.take);
    assert.deepEqual(asked(scene), [`${first} tcp`]);
    const long = Array.from({ length: 60 }, () => ({}));
    scene.channels.last.deliver(answerTo(scene.channels.last.query, { answers: long }));
    const seen = scene.taken.map(({ answer }) => (answer === "failed" ? undefined : look(answer)));
    assert.deepEqual(
      seen.map((message) => [message?.truncated, message?.counts[1]]),
      [
        [true, 0],
        [false, 60],
      ],
    );
  });

  it("changes with the servers, and shares nothing with clients of another", () => {
    const scene = new Scene();
    const one = scene.forwarder.client(servers);
    const other = scene.forwarder.client(servers, mannerOf(["use-vc"]));
    one.forward(queryOf(), "udp", 1, scene.take);
    other.forward(queryOf(), "udp", 2, scene.take);
    one.setServers(servers, mannerOf(["use-vc"]));
    one.forward(queryOf({ name: "other.example" }), "udp", 3, scene.take);
    assert.deepEqual(asked(scene), [`${first} udp`, `${first} tcp`, `${first} tcp`]);
    assert.equal(scene.forwarder.lists, 1);
  });
});
