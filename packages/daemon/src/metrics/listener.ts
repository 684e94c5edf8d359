/**
 * /metrics on an address of the loopback, and nothing else there.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { messageOf } from "@causeway/libnetwork";
import type { MetricsConfig } from "../config/index.ts";
import type { Metrics } from "./metrics.ts";

/** Milliseconds that a request may take to arrive. */
const limits = { headersTimeout: 5000, requestTimeout: 5000 };
/** Milliseconds that an answer may stay unread: there are few connections, and any user of the host may have one. */
const longestUnread = 10_000;
const mostConnections = 16;

/** Listens until it is disposed of. @throws where the address cannot be had */
export async function listenForScrapes(
  metrics: Pick<Metrics, "text" | "contentType">,
  { host, port }: NonNullable<MetricsConfig["listen"]>,
  unread = longestUnread,
): Promise<AsyncDisposable> {
  const server = createServer(limits, (request, response) => {
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain" }).end("there is /metrics here, to GET\n");
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
      (error: unknown) =>
        response.writeHead(500, { "content-type": "text/plain" }).end(`${messageOf(error)}\n`),
    );
  });
  server.maxConnections = mostConnections;
  server.maxRequestsPerSocket = 1;
  server.setTimeout(unread);
  server.listen(port, host);
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      const over = once(server, "close");
      server.close();
      server.closeAllConnections();
      await over;
    },
  };
}
