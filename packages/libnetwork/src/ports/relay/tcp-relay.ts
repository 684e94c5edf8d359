/**
 * Serves one TCP port of [::1]: each connection is joined to one to the container, and what one side sends, ends or resets,
 * the other gets. While the far side is slow, data waits in the kernel.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { NetNamespace, OwnedFd } from "@causeway/kernel";
import { type ContainerPort, connectTcp } from "./upstream.ts";

/** What all relays have open together: local programs must not be able to use up the process's file descriptors. */
export interface Allowance {
  open: number;
  readonly most: number;
}

export class TcpRelay implements Disposable {
  readonly #namespace: NetNamespace;
  readonly #container: ContainerPort;
  readonly #allowance: Allowance;
  readonly #server: Server;
  /** Of both sides. */
  readonly #sockets = new Set<Socket>();

  /** @param socket listens; it is the relay's from now on */
  constructor(socket: OwnedFd, container: ContainerPort, namespace: NetNamespace, allowance: Allowance) {
    this.#namespace = namespace;
    this.#container = container;
    this.#allowance = allowance;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#serve(client));
    // A connection that could not be accepted concerns its client only.
    this.#server.on("error", () => {});
    this.#server.listen({ fd: socket.release(), exclusive: true }).unref();
  }

  /** Frees the port at once and resets its connections. */
  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) reset(socket);
  }

  #serve(client: Socket): void {
    // Anybody else but [::1] would get past the firewall by this.
    if (client.remoteAddress !== "::1" || this.#allowance.open >= this.#allowance.most) {
      client.resetAndDestroy();
      return;
    }
    this.#allowance.open++;
    client.once("close", () => this.#allowance.open--);
    const container = connectTcp(this.#namespace, this.#container);
    this.#resetTogether(client, container);
    this.#resetTogether(container, client);
    pump(client, container);
    pump(container, client);
  }

  #resetTogether(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", (failed) => {
      this.#sockets.delete(socket);
      if (failed) reset(other);
    });
  }
}

/**
 * Carries data one way, at most 64 KB in a turn of the event loop, which libuv would hold for 2 MB otherwise; the next is read
 * when the kernel has taken the last.
 */
function pump(from: Socket, to: Socket): void {
  from.on("data", (data) => {
    from.pause();
    to.write(data, () => setImmediate(() => from.resume()));
  });
  from.once("end", () => to.end());
}

function reset(socket: Socket): void {
  // There is nobody yet to be told; Node.js would wait for the connection.
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
