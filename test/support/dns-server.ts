// A name server that says what the test wants it to, well or badly, and remembers what it was asked.

import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { bindUdp, InetSockaddr, ipToBytes, listenTcp, NetNamespace } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { type Answer, decode, encode, type OptAnswer, type Packet } from "dns-packet";
import { namespaceOf } from "./host.ts";

/** A question's name as it came, lower-cased, and its type. */
export interface Question {
  readonly name: string;
  readonly type: string;
  readonly protocol: "udp" | "tcp";
}

/** Whatever else a name server may do. */
export interface Misdeed {
  /** Milliseconds before it says anything. */
  readonly after?: number;
  readonly answer?: Answered;
  /** TC, by UDP only. */
  readonly truncated?: boolean;
  /** Changes the bytes of the answer. */
  readonly change?: (bytes: Buffer, query: Buffer) => Buffer;
  /** By UDP: what it says comes from another port. */
  readonly fromElsewhere?: boolean;
  /** By TCP: hangs up, in the place of an answer. */
  readonly hangsUp?: boolean;
}

type Answered = readonly Answer[] | number;

/** Records; or an rcode (2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED); undefined says nothing. */
export type Reaction = Answered | Misdeed | undefined;

export interface DnsServerOptions {
  /** Default: every IPv4 address. */
  readonly address?: string;
}

export class DnsServer implements AsyncDisposable {
  readonly asked: Question[] = [];
  /** The questions as they came, OPT records too. */
  readonly queries: Packet[] = [];
  /** Connections that were made. */
  connections = 0;
  readonly #udp: DatagramSocket;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();
  readonly #react: (question: Question) => Reaction;
  readonly #elsewhere: DatagramSocket;

  private constructor(
    udp: DatagramSocket,
    elsewhere: DatagramSocket,
    tcp: Server,
    react: (question: Question) => Reaction,
  ) {
    this.#udp = udp;
    this.#elsewhere = elsewhere;
    this.#tcp = tcp;
    this.#react = react;
    udp.on("message", (bytes, from) => void this.#datagram(bytes, from));
    tcp.on("connection", (socket) => this.#connected(socket));
  }

  static async start(
    where: Sandbox | NetNamespace,
    react: (question: Question) => Reaction,
    { address = "0.0.0.0" }: DnsServerOptions = {},
  ): Promise<DnsServer> {
    using namespace = where instanceof NetNamespace ? where.duplicate() : namespaceOf(where);
    const [zoneless = "", zone] = address.split("%");
    const at = new InetSockaddr(ipToBytes(zoneless), address, Number(zone ?? 0));
    const any = new InetSockaddr(new Uint8Array(ipToBytes(zoneless).length), "any");
    const [udpFd, elsewhereFd, tcpFd] = namespace.run(() => [
      bindUdp(at, 53).release(),
      bindUdp(any, 0).release(),
      listenTcp(at, 53, { backlog: 16 }).release(),
    ]);
    const kind = address.includes(":") ? "udp6" : "udp4";
    const [udp, elsewhere, tcp] = [createSocket(kind), createSocket(kind), createServer()];
    const ready = [udp, elsewhere, tcp].map((socket) => once(socket, "listening"));
    udp.bind({ fd: udpFd ?? -1 });
    elsewhere.bind({ fd: elsewhereFd ?? -1 });
    tcp.listen({ fd: tcpFd });
    await Promise.all(ready);
    return new DnsServer(udp, elsewhere, tcp, react);
  }

  async #datagram(bytes: Buffer, from: RemoteInfo): Promise<void> {
    const reaction = this.#hear(bytes, "udp");
    const answer = await answerOf(bytes, reaction, "udp");
    if (answer === undefined) return;
    const socket = isMisdeed(reaction) && reaction.fromElsewhere === true ? this.#elsewhere : this.#udp;
    try {
      socket.send(answer, from.port, from.address, () => undefined);
    } catch {
      // It was closed meanwhile.
    }
  }

  #connected(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    let held = Buffer.alloc(0);
    socket.on("data", (piece) => {
      held = Buffer.concat([held, piece]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0);
        void this.#overStream(socket, Buffer.from(held.subarray(2, end)));
        held = held.subarray(end);
      }
    });
  }

  async #overStream(socket: Socket, bytes: Buffer): Promise<void> {
    const reaction = this.#hear(bytes, "tcp");
    if (isMisdeed(reaction) && reaction.hangsUp === true) {
      socket.destroy();
      return;
    }
    const answer = await answerOf(bytes, reaction, "tcp");
    if (answer === undefined || socket.destroyed) return;
    socket.write(Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 0xff), answer]));
  }

  #hear(bytes: Buffer, protocol: "udp" | "tcp"): Reaction {
    const query = decode(bytes);
    const [first] = query.questions ?? [];
    if (first === undefined) return undefined;
    const question = { name: first.name.toLowerCase(), type: first.type, protocol };
    this.asked.push(question);
    this.queries.push(query);
    return this.#react(question);
  }

  /** Names and types that it was asked for, in order. */
  get names(): string[] {
    return this.asked.map(({ name, type }) => `${name} ${type}`);
  }

  /** The OPT record of the last question. */
  lastOpt(): OptAnswer | undefined {
    return this.queries.at(-1)?.additionals?.find((record) => record.type === "OPT");
  }

  /** Hangs up on everybody. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sockets = [this.#udp, this.#elsewhere, this.#tcp];
    const closed = Promise.all(sockets.map((socket) => once(socket, "close")));
    for (const socket of sockets) socket.close();
    this.hangUp();
    await closed;
  }
}

function isMisdeed(reaction: Reaction): reaction is Misdeed {
  return typeof reaction === "object" && !Array.isArray(reaction);
}

async function answerOf(
  bytes: Buffer,
  reaction: Reaction,
  protocol: "udp" | "tcp",
): Promise<Buffer | undefined> {
  const misdeed: Misdeed = isMisdeed(reaction)
    ? reaction
    : reaction === undefined
      ? {}
      : { answer: reaction };
  const { after, answer, truncated, change = (made) => made } = misdeed;
  if (after !== undefined) await sleep(after);
  if (answer === undefined) return undefined;
  const isCut = truncated === true && protocol === "udp";
  const query = decode(bytes);
  const packet: Packet = {
    type: "response",
    id: query.id ?? 0,
    flags: 0x180 | (isCut ? 0x200 : 0) | (typeof answer === "number" ? answer : 0),
    questions: query.questions ?? [],
    answers: typeof answer === "number" || isCut ? [] : [...answer],
  };
  return change(encode(packet), bytes);
}
