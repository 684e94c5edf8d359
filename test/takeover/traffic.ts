// Traffic that goes on while controllers come and go: what was lost of it, and what got through that must not.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  InetSockaddr,
  ipToBytes,
  listenTcp,
  Monitor,
  type NetNamespace,
  nftablesEvents,
  socket,
} from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { openUdp } from "../support/traffic.ts";

/** Between two packets of a flow, milliseconds. */
const interval = 10;
const anywhere = "0.0.0.0";

/** A packet every 10 ms by ping(8), until it is asked what was lost. */
export class Ping implements Disposable {
  readonly #process;
  readonly #name;
  #output = "";

  /** @param name what a failure calls it */
  constructor(name: string, from: NetNamespace, address: string) {
    this.#name = name;
    this.#process = from.spawn("ping", ["-n", "-i", "0.01", "-W", "5", address], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  /** Fails where one of its packets was not answered, but for the last, which may be on its way. */
  async assertNothingLost(): Promise<void> {
    const closed = once(this.#process, "close");
    this.#process.kill("SIGINT");
    await closed;
    const numbers = [...this.#output.matchAll(/icmp_seq=(\d+)/g)].map(([, number]) => Number(number));
    assert.ok(numbers.length > 10, this.#output);
    const answered = new Set(numbers);
    const sent = Array.from({ length: Math.max(...numbers) }, (_, at) => at + 1);
    const lost = sent.filter((number) => !answered.has(number));
    assert.deepEqual(lost, [], `${this.#name}: packets were not answered, of ${sent.length}`);
    assert.equal(numbers.length, answered.size, `${this.#name}: packets were answered twice`);
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
  }
}

/** A TCP connection that carries a number every 10 ms to a server that says it again. */
export class Stream implements AsyncDisposable {
  readonly #client: Socket;
  readonly #server: Server;
  #sent = 0;
  #heard = "";
  #broken: string | undefined;
  #timer: NodeJS.Timeout;

  readonly #peer: () => Socket | undefined;

  private constructor(client: Socket, server: Server, peer: () => Socket | undefined) {
    this.#client = client;
    this.#peer = peer;
    this.#server = server;
    client.setNoDelay(true);
    client.on("data", (text) => {
      this.#heard += text.toString();
    });
    for (const event of ["error", "close", "end"]) {
      client.on(event, () => {
        this.#broken ??= event;
      });
    }
    this.#timer = this.#speak();
  }

  #speak(): NodeJS.Timeout {
    return setInterval(() => this.#client.write(`${++this.#sent}\n`), interval);
  }

  /** Says nothing until it is to go on. */
  pause(): void {
    clearInterval(this.#timer);
  }

  resume(): void {
    this.#timer = this.#speak();
  }

  /** Numbers that have not come back yet. */
  get missing(): number {
    return this.#sent - (this.#heard.split("\n").length - 1);
  }

  /** @param to the server's namespace, and its port there */
  static async open(
    from: NetNamespace,
    { address, port }: { readonly address: string; readonly port: number },
    to: { readonly namespace: NetNamespace; readonly port: number },
  ): Promise<Stream> {
    const at = new InetSockaddr(ipToBytes(anywhere), anywhere);
    const listening = to.namespace.run(() => listenTcp(at, to.port, { backlog: 8 }));
    let accepted: Socket | undefined;
    const server = createServer((peer) => {
      accepted = peer;
      peer.on("error", () => peer.destroy());
      peer.pipe(peer);
    }).listen({ fd: listening.release() });
    const fd = from.run(() =>
      socket.openSocket(socket.AF_INET, socket.SOCK_STREAM, 0, { nonBlocking: true }),
    );
    const client = new Socket({ fd: fd.release() });
    client.connect({ host: address, port });
    await once(client, "connect");
    return new Stream(client, server, () => accepted);
  }

  /** Fails where the connection has ended, or one of its numbers does not come back. */
  async assertNothingLost(): Promise<void> {
    const sent = this.#sent;
    await eventually(() => {
      assert.equal(this.#broken, undefined, "the connection has ended");
      assert.ok(this.#heard.split("\n").length > sent, `of ${sent} numbers some are missing`);
    });
    const numbers = this.#heard.split("\n").slice(0, sent).map(Number);
    assert.deepEqual(
      numbers,
      Array.from({ length: sent }, (_, at) => at + 1),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#client.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    // Of one that was cut off it hears no end.
    this.#peer()?.destroy();
    await closed;
  }
}

/** A datagram every 10 ms, from one socket, and the answers that come back. */
export class Datagrams implements AsyncDisposable {
  readonly #socket;
  readonly #server;
  readonly #answered = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  /** @param to the server's namespace, and its port there */
  constructor(
    from: NetNamespace,
    { address, port }: { readonly address: string; readonly port: number },
    to: { readonly namespace: NetNamespace; readonly port: number },
  ) {
    const server = openUdp(to.namespace, anywhere, to.port);
    server.on("message", (text, peer) => server.send(text, peer.port, peer.address));
    this.#server = server;
    const client = openUdp(from, anywhere, 40_000);
    client.on("message", (text) => this.#answered.add(Number(text.toString())));
    client.on("error", () => undefined);
    this.#socket = client;
    this.#timer = setInterval(() => client.send(String(++this.#sent), port, address), interval);
  }

  async assertNothingLost(): Promise<void> {
    const sent = this.#sent;
    await eventually(() => {
      const missing = Array.from({ length: sent }, (_, at) => at + 1).filter(
        (one) => !this.#answered.has(one),
      );
      assert.deepEqual(missing, [], "datagrams were not answered");
    });
    assert.ok(sent > 10);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#socket.close();
    this.#server.close();
  }
}

/** A datagram that must not arrive. */
export interface ForbiddenWay {
  readonly name: string;
  readonly from: NetNamespace;
  /** Default: the kernel's choice. */
  readonly source?: string;
  readonly address: string;
}

/** Sends by ways that are forbidden, all the time, to one server. */
export class Forbidden implements AsyncDisposable {
  readonly #heard = new Map<string, number>();
  readonly #server;
  readonly #sockets;
  readonly #timer: NodeJS.Timeout;
  readonly #port: number;
  rounds = 0;

  constructor(server: NetNamespace, port: number, ways: readonly ForbiddenWay[]) {
    this.#port = port;
    this.#server = openUdp(server, anywhere, port);
    this.#server.on("message", (text) =>
      this.#heard.set(text.toString(), (this.#heard.get(text.toString()) ?? 0) + 1),
    );
    this.#sockets = ways.map((way) => ({ way, socket: openUdp(way.from, way.source ?? anywhere, 0) }));
    for (const one of this.#sockets) one.socket.on("error", () => undefined);
    this.#timer = setInterval(() => this.#send(), 2);
  }

  #send(): void {
    this.rounds++;
    for (const { way, socket: from } of this.#sockets) {
      // The kernel may know no way: that is as good.
      from.send(way.name, this.#port, way.address, () => undefined);
    }
  }

  /** Fails where one of them got through. A datagram by a way that is allowed is heard after all that were sent before. */
  async assertNothingHeard(allowed: ForbiddenWay): Promise<void> {
    const from = openUdp(allowed.from, allowed.source ?? anywhere, 0);
    await eventually(async () => {
      from.send(allowed.name, this.#port, allowed.address);
      await sleep(5);
      assert.ok(this.#heard.has(allowed.name), "what is allowed does not arrive either");
    });
    from.close();
    this.#heard.delete(allowed.name);
    assert.deepEqual([...this.#heard], [], "what is forbidden got through");
    assert.ok(this.rounds > 10);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#server.close();
    for (const { socket: one } of this.#sockets) one.close();
  }
}

/** Listens to nf_tables: what of the tables was removed at the end of a transaction that did not put it back. */
export class TableWatch implements AsyncDisposable {
  readonly #monitor: Monitor<ReturnType<typeof nftablesEvents.decode> & object>;
  readonly #reading: Promise<void>;
  readonly missing: string[] = [];
  transactions = 0;

  constructor(namespace: NetNamespace) {
    this.#monitor = new Monitor([nftablesEvents], { namespace });
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    let gone = new Set<string>();
    for await (const event of this.#monitor) {
      if (event.type === "overrun") throw new Error("events were lost");
      if (event.type === "nftables-generation") {
        this.transactions++;
        this.missing.push(...gone);
        gone = new Set();
      } else if (event.object === "table" || event.object === "chain") {
        const name = `${event.object} ${event.family} ${event.table} ${event.name}`;
        if (event.change === "removed") gone.add(name);
        else gone.delete(name);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#monitor[Symbol.dispose]();
    await this.#reading;
  }
}
