// A name server in a sandbox, which says what the test wants it to, and remembers what it was asked.

import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { bindUdp, InetSockaddr, listenTcp } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { type Answer, decode, encode, type Packet } from "dns-packet";
import { namespaceOf } from "./host.ts";

const anywhere = () => new InetSockaddr(new Uint8Array(4), "0.0.0.0");
/** A question's name as it came, lower-cased, and its type. */
export interface Question {
  readonly name: string;
  readonly type: string;
  readonly protocol: "udp" | "tcp";
}

/** Records; or an rcode (2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED); undefined says nothing. */
export type Reaction = readonly Answer[] | number | undefined;

export class DnsServer implements AsyncDisposable {
  readonly asked: Question[] = [];
  readonly #udp: DatagramSocket;
  readonly #tcp: Server;

  private constructor(udp: DatagramSocket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
  }

  static async start(sandbox: Sandbox, react: (question: Question) => Reaction): Promise<DnsServer> {
    using namespace = namespaceOf(sandbox);
    const [udpFd, tcpFd] = namespace.run(() => [
      bindUdp(anywhere(), 53).release(),
      listenTcp(anywhere(), 53, { backlog: 16 }).release(),
    ]);
    const udp = createSocket("udp4");
    const tcp = createServer();
    const server = new DnsServer(udp, tcp);
    udp.on("message", (bytes, from) => {
      const answer = server.#answer(bytes, "udp", react);
      if (answer !== undefined) udp.send(answer, from.port, from.address);
    });
    tcp.on("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => {
        const answer = server.#answer(bytes.subarray(2), "tcp", react);
        if (answer !== undefined)
          socket.write(Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 0xff), answer]));
      });
    });
    const ready = [once(udp, "listening"), once(tcp, "listening")];
    udp.bind({ fd: udpFd ?? -1 });
    tcp.listen({ fd: tcpFd });
    await Promise.all(ready);
    return server;
  }

  #answer(
    bytes: Buffer,
    protocol: "udp" | "tcp",
    react: (question: Question) => Reaction,
  ): Buffer | undefined {
    const query = decode(bytes);
    const [first] = query.questions ?? [];
    if (first === undefined) return undefined;
    const question = { name: first.name.toLowerCase(), type: first.type, protocol };
    this.asked.push(question);
    const reaction = react(question);
    if (reaction === undefined) return undefined;
    const packet: Packet = {
      type: "response",
      id: query.id ?? 0,
      flags: 0x180 | (typeof reaction === "number" ? reaction : 0),
      questions: query.questions ?? [],
      answers: typeof reaction === "number" ? [] : [...reaction],
    };
    return encode(packet);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.all([once(this.#udp, "close"), once(this.#tcp, "close")]);
    this.#udp.close();
    this.#tcp.close();
    await closed;
  }
}
