/**
 * Daemon: the controller, the containers and the HTTP server, put together.
 */
import { NetworkController } from "@causeway/libnetwork";
import { type Logger, pino } from "pino";
import { cnmApi } from "./cnm/api.ts";
import type { DaemonConfig } from "./config/config.ts";
import { RuntimeContainers } from "./containers/containers.ts";
import { dockerApi } from "./docker/api.ts";
import { follow } from "./events/follow.ts";
import { Journal } from "./events/journal.ts";
import { drainServer } from "./lifecycle/drain.ts";
import { InFlight } from "./lifecycle/in-flight.ts";
import { readUserRules } from "./lifecycle/user-chain.ts";
import { followLog, logProblems } from "./log/happenings.ts";
import { listenForScrapes } from "./metrics/listener.ts";
import { Metrics } from "./metrics/metrics.ts";
import type { DaemonParts } from "./parts.ts";
import { Listeners } from "./server/listeners.ts";
import { collectOpenApi } from "./server/openapi.ts";
import { makeServer, type Server } from "./server/server.ts";

export class Daemon implements AsyncDisposable {
  readonly #parts: DaemonParts;
  readonly #server: Server;
  readonly #listeners: Listeners;
  readonly #inFlight: InFlight;
  readonly #metrics: Metrics;
  /** Everything that was opened, to be closed in reverse. */
  readonly #opened: AsyncDisposableStack;
  /** Ends the waiting for what is in flight. */
  readonly #hurry = new AbortController();
  #closing: Promise<void> | undefined;

  private constructor(
    parts: DaemonParts,
    server: Server,
    listeners: Listeners,
    inFlight: InFlight,
    metrics: Metrics,
    opened: AsyncDisposableStack,
  ) {
    this.#parts = parts;
    this.#metrics = metrics;
    this.#server = server;
    this.#listeners = listeners;
    this.#inFlight = inFlight;
    this.#opened = opened;
  }

  /**
   * Opens the controller and listens: what the promise answers with can be asked.
   *
   * @throws what NetworkController.open throws; user_rules_refused, user_chain_unreadable; socket_in_use, socket_path_taken ... where the socket cannot be had
   */
  static async start(config: DaemonConfig, log: Logger = pino({ level: config.logLevel })): Promise<Daemon> {
    await using opened = new AsyncDisposableStack();
    const controller = opened.use(await NetworkController.open(config.controller));
    logProblems(log, controller);
    const userRules = readUserRules(config);
    if (userRules !== undefined) await controller.reloadConfiguration({ userRules });
    const journal = new Journal();
    const ending = new AbortController();
    const { stateDir, runDir } = config.controller;
    const containers = await RuntimeContainers.open(controller, journal, log, {
      stateDir,
      runDir,
      runtime: config.runtime,
    });
    opened.defer(() => containers.close());
    const parts: DaemonParts = { config, controller, containers, journal, log, started: new Date() };
    const metrics = opened.use(new Metrics(parts));
    const following = Promise.all([
      followLog(log, journal),
      metrics.follow(parts),
      follow(controller, journal, ending.signal),
    ]);
    opened.defer(async () => {
      ending.abort();
      journal.close();
      await following;
    });
    const { server, listener, connections } = makeServer(log, config.limits);
    const inFlight = new InFlight();
    inFlight.watch(server);
    metrics.serve(server);
    await collectOpenApi(server);
    await server.register(cnmApi(parts), { prefix: "/cnm/v1" });
    await server.register(dockerApi(parts));
    if (config.metrics.listen !== undefined)
      opened.use(await listenForScrapes(metrics, config.metrics.listen));
    const unanswered = opened.move();
    try {
      await server.ready();
      const listeners = await Listeners.open(config, listener, connections, log);
      return new Daemon(parts, server, listeners, inFlight, metrics, unanswered);
    } catch (error) {
      await server.close();
      await unanswered.disposeAsync();
      throw error;
    }
  }

  /** For who has the daemon in his own process: what the APIs work with. */
  get controller(): NetworkController {
    return this.#parts.controller;
  }

  /**
   * Takes up what can be changed while it runs; the rest holds at the next start.
   *
   * @throws what is wrong with it, and nothing has changed
   */
  async reload(config: DaemonConfig): Promise<void> {
    const { controller, log } = this.#parts;
    const { defaultAddressPools = [] } = config.controller;
    const userRules = readUserRules(config);
    await controller.reloadConfiguration({
      defaultAddressPools,
      ...(userRules !== undefined && { userRules }),
    });
    log.level = config.logLevel;
    this.#metrics.config = config.metrics;
  }

  /**
   * Ends: new requests are sent away, event streams end, what is in flight is waited for, and containers go on.
   *
   * @param seconds that what is in flight may take. Default: as configured
   */
  close(seconds: number = this.#parts.config.drainSeconds): Promise<void> {
    this.#closing ??= this.#close(seconds);
    return this.#closing;
  }

  /** Somebody does not want to wait any longer for what is in flight. */
  hurry(): void {
    this.#hurry.abort();
  }

  async #close(seconds: number): Promise<void> {
    const { containers, journal, log } = this.#parts;
    try {
      journal.close();
      containers.release();
      const hangUp = () => Promise.all([this.#server.close(), this.#listeners.close()]);
      await drainServer(hangUp, this.#inFlight, {
        seconds,
        hurry: this.#hurry.signal,
        log,
      });
    } finally {
      await this.#opened.disposeAsync();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
