/**
 * Bodies of requests: JSON, or none.
 */
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Limits } from "../config/index.ts";
import { parseJson } from "./json.ts";
import { Refusal } from "./refusal.ts";

export function readBodies(server: FastifyInstance, { depth }: Limits): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_request: unknown, body: Buffer) => parseJson(body, depth),
  );
  // Docker's client names a type where there is no body.
  server.addContentTypeParser("*", async ({ headers }: FastifyRequest, payload: IncomingMessage) => {
    if (headers["content-length"] === "0") {
      payload.resume();
      return undefined;
    }
    const type = headers["content-type"];
    const message = `content-type: "${type ?? ""}" is not read here: send application/json`;
    throw new Refusal(415, "invalid", "unsupported_media_type", message, { detail: type });
  });
}
