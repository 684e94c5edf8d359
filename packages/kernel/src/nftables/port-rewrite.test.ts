import assert from "node:assert/strict";
import { constants } from "node:os";
import { afterEach, describe, it } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { Conntrack } from "../conntrack/conntrack.ts";
import { DatagramBatch } from "../sys/datagram-batch.ts";
import type { OwnedFd } from "../sys/fd.ts";
import { acceptTcp, connectTcp, connectUdp, pendingError } from "../sys/inet-connection.ts";
import { bindUdp, listenTcp } from "../sys/inet-socket.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { EPOLLOUT, Poller } from "../sys/poller.ts";
import { setGuard } from "../sys/seam.ts";
import { at, failNext, newHost, until } from "../sys/test-support.ts";
import { receiveDatagram, receiveStream, sendDatagram, sendStream } from "../sys/transfer.ts";
import { NftContext } from "./context.ts";
import {
  isPortRewritten,
  type PortRewrite,
  removePortRewrite,
  rewritePort,
  rewritePortInPieces,
} from "./port-rewrite.ts";

const address = "127.0.0.11";
const rewrite: PortRewrite = { table: "names", owner: "tests", address, port: 53, to: 5300 };

/** The first pieces of it only. */
function beginOnly(host: NetNamespace, pieces: number): void {
  Array.from(rewritePortInPieces(rewrite, host).take(pieces));
}

/** A namespace with a server of its own at an address and port, which puts a mark on what it answers. */
class Server implements Disposable {
  readonly #udp: OwnedFd;
  readonly #tcp: OwnedFd;
  readonly #connections: OwnedFd[] = [];
  readonly #mark: string;
  readonly #batch = new DatagramBatch({ slots: 8, receive: 512, answer: 512 });

  constructor(host: NetNamespace, mark: string, ip: string, port: number) {
    this.#mark = mark;
    this.#udp = host.run(() => bindUdp(at(ip), port));
    this.#tcp = host.run(() => listenTcp(at(ip), port, { backlog: 8 }));
  }

  /** Answers all questions that wait. */
  serve(): void {
    const batch = this.#batch;
    for (let slot = batch.receive(this.#udp.fd) - 1; slot >= 0; slot--) {
      const start = batch.receivedAt(slot);
      const question = batch.bytes.toString("latin1", start, start + batch.receivedLength(slot));
      batch.reply(slot, batch.bytes.write(`${question} ${this.#mark}`, batch.answerAt(slot), "latin1"));
    }
    batch.flush(this.#udp.fd);
    for (let next = acceptTcp(this.#tcp.fd); next !== undefined; next = acceptTcp(this.#tcp.fd)) {
      this.#connections.push(next);
    }
    const question = Buffer.alloc(512);
    for (const { fd } of this.#connections) {
      const length = receiveStream(fd, question);
      if (typeof length !== "number") continue;
      sendStream(fd, Buffer.from(`${question.toString("latin1", 0, length)} ${this.#mark}`));
    }
  }

  [Symbol.dispose](): void {
    for (const fd of [this.#udp, this.#tcp, ...this.#connections]) fd[Symbol.dispose]();
  }
}

/** A connected client: what it hears comes from the address and port that it speaks to. */
class Client implements Disposable {
  readonly fd: OwnedFd;
  readonly #kind: "udp" | "tcp";

  constructor(host: NetNamespace, kind: "udp" | "tcp", ip: string, port = 53) {
    this.#kind = kind;
    this.fd = host.run(() => (kind === "udp" ? connectUdp(at(ip), port) : connectTcp(at(ip), port).socket));
  }

  say(text: string): void {
    const bytes = Buffer.from(text);
    const { fd } = this.fd;
    let sent: number | string = "again";
    until(() => {
      sent = this.#kind === "udp" ? sendDatagram(fd, bytes, bytes.length) : sendStream(fd, bytes);
      return sent !== "again";
    });
    assert.equal(sent, bytes.length);
  }

  /** What it hears, or how it does not. */
  hear(): string {
    const into = Buffer.alloc(512);
    const { fd } = this.fd;
    const length = this.#kind === "udp" ? receiveDatagram(fd, into) : receiveStream(fd, into);
    return typeof length === "number" ? into.toString("latin1", 0, length) : length;
  }

  [Symbol.dispose](): void {
    this.fd[Symbol.dispose]();
  }
}

function rewritten(): NetNamespace {
  const host = newHost();
  host.run(() => rewritePort(rewrite));
  return host;
}

/** What is heard when this is asked, and these answer. */
function ask(client: Client, text: string, ...servers: readonly Server[]): string {
  client.say(text);
  let heard = "again";
  until(() => {
    for (const server of servers) server.serve();
    heard = client.hear();
    return heard !== "again";
  });
  return heard;
}

describe("a port led to another", () => {
  checkLeaks();
  afterEach(() => setGuard(undefined));

  for (const kind of ["udp", "tcp"] as const) {
    it(`${kind}: is answered from where it was asked, by whoever listens at the other`, () => {
      using host = rewritten();
      using server = new Server(host, "ours", address, 5300);
      using one = new Client(host, kind, address);
      using other = new Client(host, kind, address);
      assert.equal(ask(one, "a", server), "a ours");
      assert.equal(ask(other, "b", server), "b ours");
      assert.equal(ask(one, "c", server), "c ours");
    });

    it(`${kind}: leaves the port itself to others, at this address and all others`, () => {
      using host = rewritten();
      using ours = new Server(host, "ours", address, 5300);
      for (const ip of ["0.0.0.0", "127.0.0.1", address]) {
        using theirs = new Server(host, "theirs", ip, 53);
        if (ip !== address) {
          using client = new Client(host, kind, "127.0.0.1");
          assert.equal(ask(client, "a", ours, theirs), "a theirs");
        }
        using client = new Client(host, kind, address);
        assert.equal(ask(client, "b", ours, theirs), "b ours");
      }
    });

    it(`${kind}: whoever asks while nobody listens is not refused, and is answered by who comes`, async () => {
      using host = rewritten();
      using client = new Client(host, kind, address);
      assert.equal(client.hear(), "again");
      if (kind === "udp") client.say("lost");
      assert.equal(pendingError(client.fd.fd), 0);
      using server = new Server(host, "ours", address, 5300);
      if (kind === "tcp") {
        using poller = new Poller();
        poller.add(client.fd.fd, 0, EPOLLOUT);
        // The kernel tries again after a second.
        poller.wait(20_000, (_, events) => assert.equal(events, EPOLLOUT));
      }
      assert.equal(ask(client, "a", server), "a ours");
    });

    it(`${kind}: where nobody listens elsewhere, that is told as ever`, () => {
      using host = rewritten();
      using client = new Client(host, kind, "127.0.0.1");
      if (kind === "udp") client.say("a");
      let error = 0;
      until(() => {
        error = pendingError(client.fd.fd);
        return error !== 0;
      });
      assert.equal(error, constants.errno.ECONNREFUSED);
    });

    it(`${kind}: what is under way survives a replacement that leads to the same port`, () => {
      using host = rewritten();
      using server = new Server(host, "ours", address, 5300);
      using client = new Client(host, kind, address);
      assert.equal(ask(client, "a", server), "a ours");
      host.run(() => rewritePort({ ...rewrite, owner: "another" }));
      assert.equal(ask(client, "b", server), "b ours");
    });

    it(`${kind}: connection tracking sees the port that was asked, and its answers`, () => {
      using host = rewritten();
      using nft = new NftContext(host);
      nft.run(`add table inet t
        add chain inet t out { type filter hook output priority 0; policy drop; }
        add rule inet t out ct state established accept
        add rule inet t out ct state new ip daddr ${address} accept
        add chain inet t in { type filter hook input priority 0; policy drop; }
        add rule inet t in ct state { established, new } accept`);
      using server = new Server(host, "ours", address, 5300);
      using client = new Client(host, kind, address);
      assert.equal(ask(client, "a", server), "a ours");
      assert.equal(ask(client, "b", server), "b ours");
      using conntrack = new Conntrack(host);
      assert.deepEqual(
        conntrack.list().map(({ original, reply }) => [original.destinationPort, reply.sourcePort]),
        [[53, 53]],
      );
    });

    it(`${kind}: a translation of somebody else's in the namespace goes first`, () => {
      using host = rewritten();
      using nft = new NftContext(host);
      nft.run(`add table ip mesh
        add chain ip mesh out { type nat hook output priority -100; }
        add rule ip mesh out ip daddr ${address} meta l4proto { tcp, udp } th dport 53 dnat to 127.0.0.1:15053`);
      using ours = new Server(host, "ours", address, 5300);
      using theirs = new Server(host, "theirs", "127.0.0.1", 15053);
      using client = new Client(host, kind, address);
      assert.equal(ask(client, "a", ours, theirs), "a theirs");
    });
  }

  it("a client that keeps its socket follows to another server, and to another port", () => {
    using host = rewritten();
    using client = new Client(host, "udp", address);
    {
      using first = new Server(host, "first", address, 5300);
      assert.equal(ask(client, "a", first), "a first");
    }
    using second = new Server(host, "second", address, 5300);
    assert.equal(ask(client, "b", second), "b second");
    host.run(() => rewritePort({ ...rewrite, to: 5301 }));
    using third = new Server(host, "third", address, 5301);
    assert.equal(ask(client, "c", second, third), "c third");
  });

  it("a connection ends with its server", () => {
    using host = rewritten();
    const server = new Server(host, "ours", address, 5300);
    using client = new Client(host, "tcp", address);
    assert.equal(ask(client, "a", server), "a ours");
    server[Symbol.dispose]();
    until(() => client.hear() === "end");
    assert.equal(client.hear(), "end");
  });

  it("carries as much as there is, both ways", async () => {
    using host = rewritten();
    using listener = host.run(() => listenTcp(at(address), 5300, { backlog: 1 }));
    using client = new Client(host, "tcp", address);
    using server = await eventually(() => acceptTcp(listener.fd) ?? assert.fail("no connection yet"));
    const data = Buffer.alloc(3_000_000, "0123456789abc");
    const into = Buffer.alloc(data.length);
    for (const [from, to] of [
      [client.fd.fd, server.fd],
      [server.fd, client.fd.fd],
    ] as const) {
      let sent = 0;
      let read = 0;
      into.fill(0);
      await eventually(() => {
        const more = sent < data.length ? sendStream(from, data, sent) : 0;
        if (typeof more === "number") sent += more;
        for (
          let part = receiveStream(to, into, read);
          read < data.length;
          part = receiveStream(to, into, read)
        ) {
          if (typeof part !== "number") break;
          read += part;
        }
        assert.equal(read, data.length);
      });
      assert.ok(into.equals(data));
    }
  });

  it("is made once: asked for again it is left alone, otherwise replaced, whoever's it is", () => {
    using host = newHost();
    using nft = new NftContext(host);
    /** Rules by their handles, which a rule that is made anew has another of. */
    const listing = () => host.run(() => nft.list("table ip names")).map((object) => JSON.stringify(object));
    const make = (changes: Partial<PortRewrite> = {}) =>
      host.run(() => rewritePort({ ...rewrite, ...changes }));
    const stands = (changes: Partial<PortRewrite> = {}) =>
      host.run(() => isPortRewritten({ ...rewrite, ...changes }));
    assert.equal(stands(), false);
    make();
    assert.equal(stands(), true);
    assert.deepEqual(
      [stands({ to: 1 }), stands({ owner: "x" }), stands({ address: "127.0.0.12" })],
      [false, false, false],
    );
    const first = listing();
    make();
    assert.deepEqual(listing(), first);
    make({ to: 5301 });
    assert.equal(stands({ to: 5301 }), true);
    assert.equal(listing().length, first.length);
    make({ owner: "another" });
    assert.match(nft.run("list table ip names"), /comment "another"\n/);
    for (const damage of [
      "flush chain ip names answers",
      "flush table ip names",
      "delete table ip names",
      "add rule ip names queries accept",
      'add rule ip names queries accept comment "x"',
      "flush table ip names; delete chain ip names queries; add chain ip names queries { type filter hook input priority 0; }",
    ]) {
      nft.run(damage.replaceAll("; delete", "\ndelete").replaceAll("; add", "\nadd"));
      assert.equal(stands({ owner: "another" }), false, damage);
      make({ owner: "another" });
      assert.equal(stands({ owner: "another" }), true, damage);
      assert.equal(listing().length, first.length, damage);
    }
  });

  it("is made a little at a time, and replaced where it was begun only", () => {
    using host = newHost();
    const stands = () => host.run(() => isPortRewritten(rewrite));
    let pieces = 0;
    for (const _ of rewritePortInPieces(rewrite, host)) {
      assert.equal(stands(), false);
      pieces++;
    }
    assert.ok(pieces > 1);
    assert.equal(stands(), true);
    using other = newHost();
    beginOnly(other, pieces);
    other.run(() => rewritePort(rewrite));
    assert.equal(
      other.run(() => isPortRewritten(rewrite)),
      true,
    );
    using server = new Server(other, "ours", address, 5300);
    using client = new Client(other, "udp", address);
    assert.equal(ask(client, "a", server), "a ours");
  });

  it("is made a little at a time where it stood already, whole or in part or another one", () => {
    const before = [
      (host: NetNamespace) => host.run(() => rewritePort(rewrite)),
      (host: NetNamespace) => host.run(() => rewritePort({ ...rewrite, to: 5301 })),
      (host: NetNamespace) => beginOnly(host, 2),
    ];
    for (const find of before) {
      using host = newHost();
      find(host);
      Array.from(rewritePortInPieces(rewrite, host));
      assert.equal(
        host.run(() => isPortRewritten(rewrite)),
        true,
      );
    }
  });

  it("is taken away, once or twice", () => {
    using host = rewritten();
    using nft = new NftContext(host);
    assert.equal(nft.list("tables").length, 1);
    host.run(() => removePortRewrite("names"));
    assert.deepEqual(nft.list("tables"), []);
    host.run(() => removePortRewrite("names"));
  });

  it("reads in nft's language as it was meant", () => {
    using host = rewritten();
    using nft = new NftContext(host);
    const comment = ' comment "tests: 127.0.0.11:53 is at 5300, version 1"';
    const text = nft.run("list table ip names").replaceAll(comment, "");
    assert.deepEqual(
      text.split("\n").map((line) => line.trim()),
      [
        "table ip names {",
        'comment "tests"',
        "chain answers {",
        "type filter hook output priority -310; policy accept;",
        "ip saddr 127.0.0.11 udp sport 5300 udp sport set 53",
        "ip saddr 127.0.0.11 tcp sport 5300 tcp flags == 0x14 tcp sequence 0 drop",
        "ip saddr 127.0.0.11 tcp sport 5300 tcp sport set 53",
        "ip saddr 127.0.0.11 icmp type destination-unreachable icmp code port-unreachable drop",
        "}",
        "",
        "chain queries {",
        "type filter hook output priority -90; policy accept;",
        "ip daddr 127.0.0.11 udp dport 53 udp dport set 5300",
        "ip daddr 127.0.0.11 tcp dport 53 tcp dport set 5300",
        "}",
        "}",
        "",
      ],
    );
  });

  it("is made whole or not at all", () => {
    using host = newHost();
    using nft = new NftContext(host);
    failNext("NFT_MSG_NEWTABLE", { code: "ENOSPC" });
    assert.throws(() => host.run(() => rewritePort(rewrite)), {
      operation: "NFT_MSG_NEWTABLE",
      code: "ENOSPC",
    });
    assert.throws(() => host.run(() => rewritePort({ ...rewrite, table: "x".repeat(300) })), {
      name: "KernelError",
    });
    assert.throws(() => host.run(() => rewritePort({ ...rewrite, owner: "x".repeat(250) })), TypeError);
    setGuard(undefined);
    assert.deepEqual(nft.list("tables"), []);
  });
});
