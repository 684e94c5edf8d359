/**
 * The HTTP server behind both APIs: what is done for every request. It is listened for by `listeners.ts`.
 */
import { randomBytes } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import { withOperation } from "@causeway/libnetwork";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyTypeProvider,
  LogController,
} from "fastify";
import type { Static, TSchema } from "typebox";
import { defaultLimits, type Limits } from "../config/index.ts";
import { readBodies } from "./bodies.ts";
import { bothForms, Connections } from "./connections.ts";
import { isStream, Load, overloaded } from "./overload.ts";
import { turn } from "./pace.ts";
import { hasGone } from "./presence.ts";
import { tellChange } from "./telling.ts";

/** Routes get the types of what comes in from their schemas. */
export interface Typed extends FastifyTypeProvider {
  readonly validator: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
  readonly serializer: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
}

export type Server = FastifyInstance;

/** Of a part of a path: a name, or an id. */
const longestParameter = 1024;

export interface MadeServer {
  readonly server: Server;
  /** What an HTTP server calls for each request. */
  readonly listener: RequestListener;
  readonly connections: Connections;
}

export function makeServer(log: FastifyBaseLogger, given: Partial<Limits> = {}): MadeServer {
  const limits = { ...defaultLimits, ...given };
  let listener: RequestListener = () => undefined;
  const server = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.body,
    routerOptions: { maxParamLength: longestParameter },
    genReqId: () => randomBytes(6).toString("hex"),
    // The operation that the log tells is the request's id.
    childLoggerFactory: (logger) => logger,
    // What comes in is checked as it is, never made fit; of queries, numbers are read from their text.
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: true,
        verbose: true,
        allErrors: false,
      },
    },
    // A path that is no path; no route is known, so no API's form is.
    frameworkErrors: (error, _request, reply) => {
      const body = JSON.stringify(bothForms("invalid_path", error.message));
      reply.raw.writeHead(400, { "content-type": "application/json" }).end(body);
    },
    serverFactory: (handler) => {
      listener = handler;
      return createServer();
    },
  });
  const connections = new Connections(limits);
  const load = new Load(limits);
  server.addHook("onClose", async () => load[Symbol.dispose]());
  readBodies(server, limits);
  server.decorateRequest("caller", {
    getter() {
      return connections.callerOf(this.raw.socket);
    },
  });
  server.addHook("onRequest", async (request, reply) => {
    if (connections.isSurplus(request.raw.socket)) {
      void reply.header("connection", "close");
      throw overloaded("there are too many connections");
    }
    load.take(request, (listener) => reply.raw.once("close", listener));
  });
  // The operation goes along with everything that the request waits for.
  server.addHook("onRequest", (request, _reply, done) => withOperation(request.id, done));
  server.addHook("preHandler", async (request, reply) => {
    if (request.method !== "GET" && request.method !== "HEAD") await turn();
    // Nobody waits for it any more, and it has not begun.
    if (hasGone(request)) reply.hijack();
  });
  server.addHook("onSend", async (request, reply) => {
    if (reply.statusCode === 503) void reply.header("retry-after", reply.getHeader("retry-after") ?? "1");
    request.raw.socket.setTimeout(isStream(request) ? 0 : limits.answerTime);
  });
  server.addHook("onResponse", async (request, reply) => tellChange(request, reply));
  return { server, listener, connections };
}
