/**
 * Requests of both APIs: how many, how they ended, how long they took.
 */
import type { FastifyInstance } from "fastify";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds. Most answers take less than a millisecond, an attach some, a hundred of them at once some hundred. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Routes whose answers may go on for as long as the client listens. */
const lasting = /\/(events|logs|wait)$/;

/** To be called before the server's routes are made. */
export function countRequests(server: FastifyInstance, registry: Registry): void {
  const registers = [registry];
  const requests = new Counter({
    name: "causeway_requests_total",
    help: "Requests that were answered, by API, method, route and status.",
    labelNames: ["api", "method", "route", "status"] as const,
    registers,
  });
  const durations = new Histogram({
    name: "causeway_request_duration_seconds",
    help: "From a request's head to the end of its answer. Streams, logs and waits are not in it.",
    labelNames: ["api", "method", "route"] as const,
    buckets,
    registers,
  });
  const running = new Gauge({
    name: "causeway_requests_running",
    help: "Requests that have begun and are not over, streams among them.",
    registers,
  });
  server.addHook("onRequest", async (request, reply) => {
    running.inc();
    const begun = performance.now();
    reply.raw.once("close", () => {
      running.dec();
      const { method } = request;
      // The route's pattern: a path has names in it, of which there is no end.
      const route = request.routeOptions.url ?? "none";
      const api = apiOf(route);
      // Whoever asked had gone before there was an answer, or its end: nginx's 499.
      const status = reply.raw.writableEnded ? reply.raw.statusCode : 499;
      requests.inc({ api, method, route, status });
      if (!lasting.test(route)) durations.observe({ api, method, route }, (performance.now() - begun) / 1000);
    });
  });
}

function apiOf(route: string): string {
  if (route.startsWith("/cnm/")) return "cnm";
  return route === "/metrics" || route === "none" ? "none" : "docker";
}
