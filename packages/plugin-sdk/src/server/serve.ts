/**
 * Serving a plugin. What somebody who writes one calls:
 *
 *     await using server = await servePlugin({ name: "mynet", network: { createNetwork, ... } });
 *     await server.untilSignal();
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PluginError } from "../errors.ts";
import { answerRequest, type DispatchOptions, type EndedCall } from "./dispatch.ts";
import type { PluginDefinition } from "./handlers.ts";
import { takeActivatedSocket } from "./socket-activation.ts";
import { writeSpecFile } from "./spec-file.ts";
import { listenOnUnixSocket } from "./unix-socket.ts";

/** Where a plugin listens on TCP. */
export interface TcpListening {
  /** Default: 127.0.0.1. Whoever can connect can use the plugin, which is root's: beyond this machine only with `tls` (tcp_needs_tls). */
  readonly host?: string;
  /** Default: 0, any free one. */
  readonly port?: number;
  /** PEM. Callers need a certificate that `ca` has signed. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string };
}

export interface ServeOptions {
  /** Path of the unix socket. Default: what systemd has handed over; without, `/run/docker/plugins/NAME.sock`. */
  readonly socket?: string;
  /** Mode of the unix socket. Default: 0o600, which is enough for dockerd. */
  readonly mode?: number;
  /** Listens on TCP instead of a unix socket. */
  readonly tcp?: TcpListening;
  /** A directory (`/etc/docker/plugins`) for NAME.spec, that says where it listens. Default: none is written. */
  readonly spec?: string;
  /** What systemd hands over is listened on. `required`: nothing else is. Default: `allowed`, where `socket` and `tcp` are not given. */
  readonly activation?: "allowed" | "required" | "ignored";
  /** Largest body that is read, bytes. Default: 1 MiB. */
  readonly bodyLimit?: number;
  /** How long a handler may take, milliseconds; then its signal is aborted and the caller is told. Default: 60 s. */
  readonly timeout?: number;
  /** How long `close` waits for handlers, milliseconds. Default: 10 s. */
  readonly grace?: number;
  /** Told of each call when it has ended, for a log. Default: nobody. */
  readonly onCall?: (call: EndedCall) => void;
}

/** Milliseconds. */
const lastWords = 100;

const socketsDirectory = "/run/docker/plugins";

/**
 * Serves until it is closed. One process can serve several plugins: one call for each.
 *
 * @throws PluginError socket_in_use, socket_path_taken, socket_path_too_long, socket_not_handed_over, plugin_name_invalid, tcp_needs_tls; what listening on TCP throws
 */
export async function servePlugin(
  plugin: PluginDefinition,
  options: ServeOptions = {},
): Promise<PluginServer> {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(plugin.name))
    throw new PluginError(
      "plugin_name_invalid",
      `"${plugin.name}" is no name for a plugin: letters, digits, ".", "_" and "-"`,
    );
  const server = new PluginServer(plugin, options);
  await server.listen();
  return server;
}

export class PluginServer {
  readonly #plugin: PluginDefinition;
  readonly #options: ServeOptions;
  readonly #server: Server;
  /** Calls that have no answer yet, and what ends each of them. */
  readonly #running = new Map<Promise<void>, AbortController>();
  readonly #cleanUps: (() => void)[] = [];
  #url = "";
  #closed: Promise<void> | undefined;

  /** Use {@link servePlugin}. */
  constructor(plugin: PluginDefinition, options: ServeOptions) {
    this.#plugin = plugin;
    this.#options = options;
    const { bodyLimit = 1024 * 1024, timeout = 60_000, onCall = () => {}, tcp } = options;
    const dispatch: DispatchOptions = { bodyLimit, timeout, onCall };
    const serverOptions = { keepAliveTimeout: 60_000 };
    this.#server =
      tcp?.tls === undefined
        ? createServer(serverOptions)
        : createTlsServer({
            ...serverOptions,
            ...tcp.tls,
            requestCert: true,
            rejectUnauthorized: true,
            minVersion: "TLSv1.2",
          });
    this.#server.on("request", (request, response) => {
      if (this.#closed !== undefined) response.setHeader("Connection", "close");
      const ending = new AbortController();
      const running = answerRequest(plugin, request, response, dispatch, ending).catch(
        // Nothing is left to be answered: a listener of onCall threw, or the connection broke.
        () => void response.destroy(),
      );
      this.#running.set(running, ending);
      void running.finally(() => this.#running.delete(running));
    });
  }

  /** Where it listens: `unix:///run/docker/plugins/NAME.sock`, `tcp://127.0.0.1:4711`; `fd://3` from systemd. */
  get url(): string {
    return this.#url;
  }

  /** Use {@link servePlugin}. */
  async listen(): Promise<void> {
    this.#url = await this.#bind();
    const { spec } = this.#options;
    if (spec === undefined) return;
    try {
      this.#cleanUps.push(writeSpecFile(spec, this.#plugin.name, this.#url));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Takes no more calls, waits for those that run (`grace`), then aborts them. Takes socket and .spec away, but not a socket of systemd's, which goes
   * on listening for it.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Waits for a signal, then for {@link close}. Default: SIGINT and SIGTERM. */
  async untilSignal(signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const signal of signals) process.once(signal, () => resolve());
    await promise;
    await this.close();
  }

  async #bind(): Promise<string> {
    const { name } = this.#plugin;
    const { socket, mode = 0o600, tcp, activation = "allowed" } = this.#options;
    const wanted = activation === "required" || (activation === "allowed" && !(socket ?? tcp));
    const descriptor = wanted ? takeActivatedSocket(name) : undefined;
    if (descriptor !== undefined) {
      this.#server.listen({ fd: descriptor });
      await once(this.#server, "listening");
      return `fd://${descriptor}`;
    }
    if (activation === "required")
      throw new PluginError(
        "socket_not_handed_over",
        `systemd has handed over no socket for ${name}: name it in the .socket unit, FileDescriptorName=${name}`,
      );
    if (tcp !== undefined) return this.#bindTcp(tcp);
    const path = socket ?? join(socketsDirectory, `${name}.sock`);
    this.#cleanUps.push(await listenOnUnixSocket(this.#server, path, mode));
    return `unix://${path}`;
  }

  async #bindTcp({ host = "127.0.0.1", port = 0, tls }: TcpListening): Promise<string> {
    if (tls === undefined && !isLoopback(host))
      throw new PluginError(
        "tcp_needs_tls",
        `${host} is reached from elsewhere, and whoever can connect can use the plugin: give tls, or listen on 127.0.0.1`,
        { detail: host },
      );
    this.#server.listen({ host, port });
    await once(this.#server, "listening");
    const { address, family, port: given } = this.#server.address() as AddressInfo;
    const shown = family === "IPv6" ? `[${address}]` : address;
    return `${tls === undefined ? "tcp" : "https"}://${shown}:${given}`;
  }

  async #close(): Promise<void> {
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp();
    const ended = new Promise<void>((resolve) => {
      // Idle connections are closed at once.
      this.#server.close(() => resolve());
    });
    const { grace = 10_000 } = this.#options;
    let cut: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      const reason = new PluginError("plugin_call_aborted", `${this.#plugin.name} is ending`);
      for (const ending of this.#running.values()) ending.abort(reason);
      // Answers to those that were aborted get out first; who has not sent its request by now is not waited for.
      cut = setTimeout(() => this.#server.closeAllConnections(), lastWords);
    }, grace);
    await Promise.all(this.#running.keys());
    clearTimeout(timer);
    clearTimeout(cut);
    this.#server.closeIdleConnections();
    await Promise.race([ended, new Promise<void>((resolve) => setImmediate(resolve))]);
    this.#server.closeAllConnections();
    await ended;
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
