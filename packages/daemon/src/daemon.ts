/**
 * Daemon: the controller, the containers and the HTTP server, put together.
 */
import { files } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { type Logger, pino } from "pino";
import { cnmApi } from "./cnm/api.ts";
import type { DaemonConfig } from "./config/config.ts";
import { SandboxContainers } from "./containers/containers.ts";
import { dockerApi } from "./docker/api.ts";
import { follow } from "./events/follow.ts";
import { Journal } from "./events/journal.ts";
import type { DaemonParts } from "./parts.ts";
import { makeServer, type Server } from "./server/server.ts";

export class Daemon implements AsyncDisposable {
  readonly #parts: DaemonParts;
  readonly #server: Server;
  readonly #ending: AbortController;
  readonly #following: Promise<void>;

  private constructor(parts: DaemonParts, server: Server, ending: AbortController, following: Promise<void>) {
    this.#parts = parts;
    this.#server = server;
    this.#ending = ending;
    this.#following = following;
  }

  /** Opens the controller and listens: what the promise answers with can be asked. */
  static async start(config: DaemonConfig, log: Logger = pino({ level: config.logLevel })): Promise<Daemon> {
    const controller = await NetworkController.open(config.controller);
    const journal = new Journal();
    const ending = new AbortController();
    const following = follow(controller, journal, ending.signal);
    const containers = new SandboxContainers(controller);
    const parts: DaemonParts = { config, controller, containers, journal, log, started: new Date() };
    const server = makeServer(log);
    await server.register(cnmApi(parts), { prefix: "/cnm/v1" });
    await server.register(dockerApi(parts));
    files.rmSync(config.socket, { force: true });
    await server.listen({ path: config.socket });
    files.chmodSync(config.socket, 0o660);
    return new Daemon(parts, server, ending, following);
  }

  /** For who has the daemon in his own process: what the APIs work with. */
  get controller(): NetworkController {
    return this.#parts.controller;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#server.close();
    await this.#following;
    await this.#parts.containers.close();
    await this.#parts.controller.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
