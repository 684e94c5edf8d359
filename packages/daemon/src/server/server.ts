/**
 * The HTTP server behind both APIs.
 */
import { randomBytes } from "node:crypto";
import { withOperation } from "@causeway/libnetwork";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyTypeProvider } from "fastify";
import type { Static, TSchema } from "typebox";

/** Routes get the types of what comes in from their schemas. */
export interface Typed extends FastifyTypeProvider {
  readonly validator: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
  readonly serializer: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
}

export type Server = FastifyInstance;

/** The largest body that is read, bytes. */
const largestBody = 1 << 20;

export function makeServer(log: FastifyBaseLogger): Server {
  const server = Fastify({
    loggerInstance: log,
    bodyLimit: largestBody,
    genReqId: () => randomBytes(6).toString("hex"),
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
  });
  // The operation goes along with everything that the request waits for.
  server.addHook("onRequest", (request, _reply, done) => withOperation(request.id, done));
  return server;
}
