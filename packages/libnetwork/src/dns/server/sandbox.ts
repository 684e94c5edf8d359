/**
 * A sandbox as the thread serves it: its sockets, and whom it asks for what it does not find.
 */

import { type DatagramBatch, EPOLLIN } from "@causeway/kernel";
import type { SandboxNames } from "../../contracts/names.ts";
import type { ResolvConf } from "../resolv-conf.ts";
import type { Client } from "../upstream/contract.ts";
import type { Answering } from "./asker.ts";
import type { Loop, Watched } from "./loop.ts";
import type { SandboxSockets } from "./sockets.ts";
import { TcpService } from "./tcp.ts";
import { UdpService } from "./udp.ts";

export interface Surroundings {
  readonly loop: Loop;
  readonly batch: DatagramBatch;
  /** Has what the controller said taken up. */
  readonly catchUp: () => void;
}

export class ServedSandbox implements Disposable {
  readonly id: string;
  readonly sockets: SandboxSockets;
  readonly client: Client;
  readonly answering: Answering;
  /** What the client was last told its servers by. */
  toldBy: readonly [SandboxNames | undefined, ResolvConf] | undefined;
  readonly #udp: UdpService;
  readonly #watched: Watched;
  readonly #tcp: TcpService;

  constructor(
    id: string,
    sockets: SandboxSockets,
    client: Client,
    { loop, batch, catchUp }: Surroundings,
    answering: (sandbox: ServedSandbox) => Answering,
  ) {
    this.id = id;
    this.sockets = sockets;
    this.client = client;
    this.answering = answering(this);
    this.#udp = new UdpService(sockets.udp.fd, batch, catchUp, this.answering);
    this.#watched = loop.watch(sockets.udp.fd, EPOLLIN, this.#udp);
    this.#tcp = new TcpService(loop, sockets.tcp, catchUp, this.answering);
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.#udp.close();
    this.#watched[Symbol.dispose]();
    this.#tcp[Symbol.dispose]();
    this.sockets.udp[Symbol.dispose]();
    this.sockets.tcp[Symbol.dispose]();
    this.sockets.namespace[Symbol.dispose]();
  }
}
