/**
 * The log's line for each request: who changed what, and what came of it.
 */
import type { FastifyReply, FastifyRequest } from "fastify";

export function tellChange(request: FastifyRequest, reply: FastifyReply): void {
  const { method, url, id: operation } = request;
  const reads = method === "GET" || method === "HEAD";
  const line = {
    operation,
    caller: request.caller.text,
    method,
    url,
    status: reply.statusCode,
    milliseconds: Math.round(reply.elapsedTime),
  };
  request.log[reads ? "debug" : "info"](line, "request");
}
