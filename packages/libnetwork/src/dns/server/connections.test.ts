import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { acceptTcp, connectTcp, EPOLLIN, InetSockaddr, listenTcp } from "@causeway/kernel";
import type { Channel } from "../upstream/contract.ts";
import { Connections } from "./connections.ts";
import { framed } from "./framing.ts";
import { Loop } from "./loop.ts";
import { MessageStream } from "./stream.ts";

const address = "127.0.77.1";
const loopback = new InetSockaddr(Uint8Array.of(127, 0, 77, 1), address);
const port = 853;

/** A connection that the server has accepted. */
interface Accepted {
  readonly stream: MessageStream;
  /** Ids of the questions that came by it. */
  readonly ids: number[];
  hasEnded: boolean;
}

/** A server that answers when the test has it do so, and connections to it, in one loop. */
function scene(t: TestContext) {
  const loop = new Loop();
  const listening = listenTcp(loopback, port, { backlog: 512 });
  const accepted: Accepted[] = [];
  const watched = loop.watch(listening.fd, EPOLLIN, {
    ready: () => {
      for (let socket = acceptTcp(listening.fd); socket !== undefined; socket = acceptTcp(listening.fd)) {
        const one: Accepted = {
          stream: new MessageStream(loop, socket, true, {
            message: (bytes) => one.ids.push(Buffer.from(bytes).readUInt16BE()),
            ended: () => {
              one.hasEnded = true;
            },
          }),
          ids: [],
          hasEnded: false,
        };
        accepted.push(one);
      }
    },
  });
  const connections = new Connections(loop, () => connectTcp(loopback, port));
  t.after(() => {
    const all = [connections, ...accepted.map(({ stream }) => stream), watched, listening, loop];
    for (const one of all) one[Symbol.dispose]();
  });
  const until = (isSo: () => boolean, patience = 5000) => {
    const end = Date.now() + patience;
    loop.run(() => isSo() || Date.now() > end, assert.ifError);
    assert.ok(isSo());
  };
  const heard: string[] = [];
  /** Asks a question of this id, and waits until the server has it. */
  const ask = (id: number, namespace = "host", failed = () => {}): Channel => {
    const channel = connections.channel(
      { namespace, address, port },
      {
        message: (bytes) => heard.push(`${id} ${Buffer.from(bytes).readUInt16BE()}`),
        failed: (reason) => {
          heard.push(`${id} ${reason}`);
          failed();
        },
      },
    );
    const count = accepted.flatMap(({ ids }) => ids).length;
    channel.send(Buffer.of(id >> 8, id & 0xff, 0, 0));
    until(() => accepted.flatMap(({ ids }) => ids).length > count);
    return channel;
  };
  /** Has a question answered, and lets go of it. */
  const answer = (id: number, channel: Channel) => {
    const count = heard.length;
    accepted
      .findLast(({ ids, hasEnded }) => ids.includes(id) && !hasEnded)
      ?.stream.send(framed(Buffer.of(id >> 8, id & 0xff)));
    until(() => heard.length > count);
    channel[Symbol.dispose]();
  };
  const open = () => accepted.filter(({ hasEnded }) => !hasEnded).length;
  return { ask, answer, accepted, heard, until, open, connections };
}

describe("connections to other name servers", () => {
  it("are one to each server and namespace; who has an id that is taken has another, which goes with its answer", (t) => {
    const { ask, answer, accepted, heard, until, open } = scene(t);
    const one = ask(1);
    const two = ask(2);
    assert.equal(accepted.length, 1);
    const again = ask(1);
    assert.deepEqual(
      accepted.map(({ ids }) => ids),
      [[1, 2], [1]],
    );
    accepted[1]?.stream.send(framed(Buffer.of(0, 1)));
    until(() => heard.length === 1);
    again[Symbol.dispose]();
    until(() => open() === 1);
    answer(2, two);
    answer(1, one);
    assert.deepEqual(heard, ["1 1", "2 2", "1 1"]);
    answer(3, ask(3));
    assert.equal(accepted.length, 2);
    ask(4, "sandbox");
    assert.equal(accepted.length, 3);
  });

  it("are not for others where they have not answered", (t) => {
    const { ask, accepted, until, open } = scene(t);
    ask(1)[Symbol.dispose]();
    until(() => open() === 0);
    ask(2);
    assert.equal(accepted.length, 2);
  });

  it("are kept for others where one that was let go of ends later", (t) => {
    const { ask, answer, accepted, until, open } = scene(t);
    const silent = ask(1);
    const slow = ask(2);
    silent[Symbol.dispose]();
    answer(3, ask(3));
    assert.equal(accepted.length, 2);
    answer(2, slow);
    until(() => open() === 1);
    answer(4, ask(4));
    assert.equal(accepted.length, 2);
  });

  it("end when nobody has used them for five seconds, and not before", (t) => {
    const { ask, answer, until, open } = scene(t);
    const now = performance.now.bind(performance);
    let passed = 0;
    t.mock.method(performance, "now", () => now() + passed);
    answer(1, ask(1));
    passed = 4000;
    const slow = ask(2);
    passed = 6000;
    const begun = Date.now();
    until(() => Date.now() - begun > 100);
    assert.equal(open(), 1);
    answer(2, slow);
    passed = 12_000;
    until(() => open() === 0);
  });

  it("end with the namespace that they lead from, and tell nobody", (t) => {
    const { ask, accepted, heard, until, connections } = scene(t);
    ask(1);
    ask(2, "sandbox");
    connections.leave("sandbox");
    until(() => accepted[1]?.hasEnded === true);
    assert.deepEqual([accepted[0]?.hasEnded, heard], [false, []]);
  });

  it("are tried again once by who had one that others had used, and is told then", (t) => {
    const { ask, answer, accepted, heard, until } = scene(t);
    answer(1, ask(1));
    ask(2);
    accepted[0]?.stream[Symbol.dispose]();
    until(() => accepted[1]?.ids.length === 1);
    assert.deepEqual(heard, ["1 1"]);
    accepted[1]?.stream[Symbol.dispose]();
    until(() => heard.length === 2);
    assert.deepEqual(heard[1], "2 the connection was closed");
    assert.equal(accepted.length, 2);
  });

  it("are not tried again by who is let go of by another that they ended with", (t) => {
    const { ask, accepted, heard, until } = scene(t);
    const begun: Channel[] = [];
    ask(1, "host", () => begun[0]?.[Symbol.dispose]());
    begun.push(ask(2));
    accepted[0]?.stream[Symbol.dispose]();
    until(() => heard.length === 1);
    ask(3);
    assert.deepEqual(
      accepted.map(({ ids }) => ids),
      [[1, 2], [3]],
    );
  });

  it("are kept for 256 servers", (t) => {
    const { ask, answer, accepted, until, open } = scene(t);
    for (let at = 0; at < 257; at++) answer(1, ask(1, `sandbox ${at}`));
    until(() => open() === 256);
    assert.equal(accepted.at(-1)?.hasEnded, true);
  });
});
