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
import { logCluster } from "./log/cluster.ts";
import { followLog, logProblems } from "./log/happenings.ts";
import { listenForScrapes } from "./metrics/listener.ts";
import { Metrics } from "./metrics/metrics.ts";
import type { DaemonParts } from "./parts.ts";
import { Listeners } from "./server/listeners.ts";
import { collectOpenApi } from "./server/openapi.ts";
import { isStream } from "./server/overload.ts";
import { makeServer, type Server } from "./server/server.ts";

/** What answers requests. */
interface Answering {
  readonly server: Server;
  readonly listeners: Listeners;
  readonly inFlight: InFlight;
}

export class Daemon implements AsyncDisposable {
  readonly #parts: DaemonParts;
  readonly #metrics: Metrics;
  readonly #answering: Answering;
  /** Everything that was opened, to be closed in reverse. */
  readonly #opened: AsyncDisposableStack;
  /** Ends the waiting for what is in flight. */
  readonly #hurry = new AbortController();
  #closing: Promise<void> | undefined;

  private constructor(
    parts: DaemonParts,
    metrics: Metrics,
    answering: Answering,
    opened: AsyncDisposableStack,
  ) {
    this.#parts = parts;
    this.#metrics = metrics;
    this.#answering = answering;
    this.#opened = opened;
  }

  /**
   * Opens the controller and listens: what the promise answers with can be asked.
   *
   * @throws what NetworkController.open throws; user_rules_refused, user_chain_unreadable; socket_in_use, socket_path_taken ... where the socket cannot be had
   */
  static async start(config: DaemonConfig, log: Logger = pino({ level: config.logLevel })): Promise<Daemon> {
    // Closed in reverse where a later step fails, and when the daemon ends.
    await using opened = new AsyncDisposableStack();
    const parts = await openParts(config, log, opened);
    const metrics = opened.use(new Metrics(parts));
    followEvents(parts, metrics, opened);
    const { server, listener, connections } = makeServer(log, config.limits);
    opened.defer(() => server.close());
    const inFlight = new InFlight();
    inFlight.watch(server, isStream);
    metrics.serve(server);
    await collectOpenApi(server);
    await server.register(cnmApi(parts), { prefix: "/cnm/v1" });
    await server.register(dockerApi(parts));
    if (config.metrics.listen !== undefined)
      opened.use(await listenForScrapes(metrics, config.metrics.listen));
    await server.ready();
    // Last: who finds the socket is answered.
    const listeners = await Listeners.open(config, listener, connections, log);
    return new Daemon(parts, metrics, { server, listeners, inFlight }, opened.move());
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
    const { server, listeners, inFlight } = this.#answering;
    try {
      // What goes on for as long as somebody listens would be waited for.
      journal.close();
      containers.release();
      const hangUp = () => Promise.all([server.close(), listeners.close()]);
      await drainServer(hangUp, inFlight, { seconds, hurry: this.#hurry.signal, log });
    } finally {
      await this.#opened.disposeAsync();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function openParts(
  config: DaemonConfig,
  log: Logger,
  opened: AsyncDisposableStack,
): Promise<DaemonParts> {
  const controller = opened.use(await NetworkController.open(config.controller));
  logProblems(log, controller);
  const userRules = readUserRules(config);
  if (userRules !== undefined) await controller.reloadConfiguration({ userRules });
  const journal = new Journal();
  const { stateDir, runDir } = config.controller;
  const { runtime } = config;
  const containers = await RuntimeContainers.open(controller, journal, log, { stateDir, runDir, runtime });
  opened.defer(() => containers.close());
  return { config, controller, containers, journal, log, started: new Date() };
}

/** The controller's events into the journal, and the journal's into the log and the metrics. */
function followEvents(parts: DaemonParts, metrics: Metrics, opened: AsyncDisposableStack): void {
  const { controller, journal, log } = parts;
  const ending = new AbortController();
  logCluster(log, controller, ending.signal);
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
}
