/**
 * What is listened on: the unix socket, and TCP with certificates where it is asked for.
 */
import { once } from "node:events";
import { createServer, type Server as HttpServer, type RequestListener, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { files, type OwnedFd } from "@causeway/kernel";
import type { FastifyBaseLogger } from "fastify";
import { type DaemonConfig, defaultLimits, type Limits, type TcpConfig } from "../config/index.ts";
import { type Connections, tlsCaller, unixCaller } from "./connections.ts";
import { listenOnUnixSocket } from "./unix-socket.ts";

export class Listeners {
  readonly #servers: HttpServer[] = [];
  #lock: OwnedFd | undefined;

  /** @throws socket_in_use, socket_path_taken ..., and what listening on TCP throws */
  static async open(
    config: Pick<DaemonConfig, "socket" | "socketGroup" | "trustGroup" | "tcp" | "limits">,
    listener: RequestListener,
    connections: Connections,
    log: FastifyBaseLogger,
  ): Promise<Listeners> {
    const listeners = new Listeners();
    const options = serverOptions({ ...defaultLimits, ...config.limits });
    try {
      // TCP first: who finds the unix socket finds everything.
      if (config.tcp !== undefined)
        listeners.#servers.push(await openTls(config.tcp, options, listener, connections, log));
      const server = createServer(options, listener);
      connections.watch(server, "connection", (socket) => unixCaller(socket, config.trustGroup));
      listeners.#lock = await listenOnUnixSocket(server, config.socket, config.socketGroup, log);
      listeners.#servers.push(server);
      return listeners;
    } catch (error) {
      await listeners.close();
      throw error;
    }
  }

  /** Takes no more connections, and hangs up on those that there are. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map(closed));
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
  }
}

function serverOptions(limits: Limits): ServerOptions {
  return {
    maxHeaderSize: limits.head,
    headersTimeout: limits.headTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.idleTime,
    connectionsCheckingInterval: Math.min(1000, limits.headTime),
    noDelay: true,
  };
}

async function openTls(
  tcp: TcpConfig,
  options: ServerOptions,
  listener: RequestListener,
  connections: Connections,
  log: FastifyBaseLogger,
): Promise<HttpServer> {
  const server = createTlsServer(
    {
      ...options,
      ca: files.readFileSync(tcp.ca),
      cert: files.readFileSync(tcp.certificate),
      key: files.readFileSync(tcp.key),
      // Without a certificate that an authority of ours has signed, there is no answer.
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      handshakeTimeout: options.headersTimeout,
    },
    listener,
  );
  connections.watch(server, "secureConnection", (socket) => tlsCaller(socket, tcp.trusted === true));
  server.on("tlsClientError", (error, socket) => {
    log.debug({ from: socket.remoteAddress, reason: error.message }, "a TLS client was refused");
    socket.destroy();
  });
  server.listen({ host: tcp.host, port: tcp.port });
  await once(server, "listening");
  return server;
}

async function closed(server: HttpServer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}
