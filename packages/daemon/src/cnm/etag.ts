/**
 * ETags: a resource's digest, so that a change can be made of what was seen and of nothing newer.
 */
import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { preconditionFailed } from "../server/refusal.ts";

export function etagOf(resource: object): string {
  return `"${createHash("sha256").update(JSON.stringify(resource)).digest("base64url").slice(0, 22)}"`;
}

/** Sends a resource with its ETag; nothing but the ETag where `If-None-Match` says that it is known. */
export function answer(reply: FastifyReply, resource: object): FastifyReply {
  const etag = etagOf(resource);
  void reply.header("etag", etag);
  const known = reply.request.method === "GET" && listed(reply.request.headers["if-none-match"], etag);
  return known ? reply.status(304).send() : reply.send(resource);
}

/**
 * @param current the object as it is; undefined where there is none yet
 * @throws precondition_failed where `If-Match` does not name it
 */
export function requireMatch(request: FastifyRequest, current: () => object | undefined): void {
  const wanted = request.headers["if-match"];
  if (wanted === undefined) return;
  const resource = current();
  if (resource === undefined)
    throw preconditionFailed(`If-Match: ${wanted}: what is to be made is not there to match; leave it out`);
  const etag = etagOf(resource);
  if (listed(wanted, etag)) return;
  const message = `If-Match: ${wanted}: it has changed meanwhile and is ${etag} now; read it again, and decide anew`;
  throw preconditionFailed(message, { etag });
}

function listed(header: string | undefined, etag: string): boolean {
  const tags = header?.split(",").map((tag) => tag.trim()) ?? [];
  return tags.includes("*") || tags.includes(etag);
}
