/**
 * Bodies of requests, up to a limit.
 */
import type { IncomingMessage } from "node:http";
import { messageOf, PluginError } from "../errors.ts";

/** What is larger than the limit is read on and thrown away, so that whoever sends it hears why; up to so many times the limit. */
const discarded = 16;

/**
 * @param limit bytes
 * @returns undefined for an empty body
 * @throws PluginError request_too_large, request_invalid
 */
export async function readJsonBody(request: IncomingMessage, limit: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
    if (size > discarded * limit) break;
  }
  if (size > limit)
    throw new PluginError("request_too_large", `the body is larger than the ${limit} bytes that are read`);
  const text = Buffer.concat(chunks).toString("utf8").trim();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PluginError("request_invalid", `the body is not JSON: ${messageOf(error)}`, { cause: error });
  }
}
