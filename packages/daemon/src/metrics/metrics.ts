/**
 * Metrics: everything that is counted, and the text that a scrape gets.
 */
import type { FastifyInstance } from "fastify";
import { Counter, Registry } from "prom-client";
import type { MetricsConfig } from "../config/index.ts";
import type { DaemonParts } from "../parts.ts";
import { countNames } from "./names.ts";
import { countObjects } from "./objects.ts";
import { measureProcess } from "./process.ts";
import { countRequests } from "./requests.ts";
import { Traffic } from "./traffic.ts";

export class Metrics implements Disposable {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  /** May be changed while the daemon runs. */
  config: Pick<MetricsConfig, "traffic" | "trafficLimit">;
  readonly #registry = new Registry();
  readonly #traffic: Traffic;
  readonly #events: Counter<"type">;
  readonly #process: Disposable;
  /** Those who look at the same time get the same. */
  #running: Promise<string> | undefined;

  constructor(parts: Pick<DaemonParts, "config" | "controller" | "containers">) {
    this.config = parts.config.metrics;
    countObjects(parts, this.#registry);
    countNames(parts.controller, this.#registry);
    this.#traffic = new Traffic(parts.controller, this.#registry);
    this.#process = measureProcess(this.#registry);
    this.#events = new Counter({
      name: "causeway_events_total",
      help: "What happened, by type: health:noticed is a loss, health:mended its mending.",
      labelNames: ["type"] as const,
      registers: [this.#registry],
    });
  }

  /** Counts a server's requests and answers /metrics there; to be called before its routes are made. */
  serve(server: FastifyInstance): void {
    countRequests(server, this.#registry);
    server.get("/metrics", async (_request, reply) => reply.type(this.contentType).send(await this.text()));
  }

  /** Counts the journal's events, until it closes. */
  async follow({ journal }: Pick<DaemonParts, "journal">): Promise<void> {
    for await (const { type } of journal.read()) this.#events.inc({ type });
  }

  text(): Promise<string> {
    this.#running ??= this.#read().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #read(): Promise<string> {
    const { traffic, trafficLimit } = this.config;
    if (traffic) await this.#traffic.read(trafficLimit);
    else this.#traffic.clear();
    return this.#registry.metrics();
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]();
  }
}
