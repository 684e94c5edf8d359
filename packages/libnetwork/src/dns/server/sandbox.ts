/**
 * A sandbox as the thread serves it: its sockets, and who answers what comes by them.
 */

import { type DatagramBatch, EPOLLIN } from "@causeway/kernel";
import type { Client } from "../upstream/contract.ts";
import type { Answering, Asker } from "./asker.ts";
import type { ConnectionLimit } from "./connection-limit.ts";
import type { Loop, Watched } from "./loop.ts";
import { carriedOut, type Pieces } from "./pieces.ts";
import { refusing } from "./refusing.ts";
import type { SandboxSockets } from "./sockets.ts";
import { takenOver } from "./taken-over.ts";
import { TcpService } from "./tcp.ts";
import { UdpService } from "./udp.ts";

export interface Surroundings {
  readonly loop: Loop;
  readonly batch: DatagramBatch;
  /** Has what the controller said taken up. */
  readonly catchUp: () => void;
  /** By TCP, of all sandboxes. */
  readonly connections: ConnectionLimit;
}

/** A namespace in which questions come. Whoever asks is refused, until somebody answers there. */
export class ServedNamespace implements Disposable, Answering {
  readonly sockets: SandboxSockets;
  readonly #udp: UdpService;
  readonly #watched: Watched;
  readonly #tcp: TcpService;
  #answering: Answering = refusing;
  #destroyed: () => void = () => undefined;

  /** @param sockets taken over, on an exception too */
  constructor(sockets: SandboxSockets, surroundings: Surroundings) {
    this.sockets = sockets;
    const { udp, tcp } = sockets;
    const { loop } = surroundings;
    this.#udp = new UdpService(udp.fd, surroundings, this);
    this.#watched = takenOver(sockets, () => loop.watch(udp.fd, EPOLLIN, this.#udp));
    const closing = new DisposableStack();
    closing.use(sockets);
    closing.defer(() => this.#unwatchUdp());
    this.#tcp = takenOver(closing, () => new TcpService(tcp, surroundings, this, () => this.#destroyed()));
  }

  /**
   * From the next answer on; a question that is being read is answered by it already.
   *
   * @param destroyed is told that somebody destroyed a socket
   */
  answerBy(answering: Answering, destroyed: () => void): void {
    this.#answering = answering;
    this.#destroyed = destroyed;
  }

  answer(bytes: Buffer, at: number, length: number, into: Buffer, intoAt: number, asker: Asker): number {
    return this.#answering.answer(bytes, at, length, into, intoAt, asker);
  }

  /** Nobody is answered from the first piece on. */
  *close(): Pieces<void> {
    this.answerBy(refusing, () => undefined);
    this.#tcp[Symbol.dispose]();
    yield;
    this.#unwatchUdp();
    yield;
    yield* this.sockets.close();
  }

  #unwatchUdp(): void {
    this.#udp.close();
    this.#watched[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    carriedOut(this.close());
  }
}

/** A sandbox whose questions are answered. */
export class ServedSandbox implements Disposable {
  /** Of its namespace. */
  readonly identity: string;
  /** The order by which it was opened. */
  readonly attempt: number;
  readonly namespace: ServedNamespace;
  readonly client: Client;
  readonly answering: Answering;

  /** @param parts namespace and client are taken over */
  constructor({
    identity,
    attempt,
    namespace,
    client,
    answering,
  }: Pick<ServedSandbox, "identity" | "attempt" | "namespace" | "client" | "answering">) {
    this.identity = identity;
    this.attempt = attempt;
    this.namespace = namespace;
    this.client = client;
    this.answering = answering;
  }

  *close(): Pieces<void> {
    this.client[Symbol.dispose]();
    yield* this.namespace.close();
  }

  [Symbol.dispose](): void {
    carriedOut(this.close());
  }
}
