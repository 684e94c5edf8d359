/**
 * Requests as no client of HTTP sends them: in pieces, and cut off. By sockets, for plugins that are not behind TLS.
 */
import { once } from "node:events";
import { type ClientRequest, request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { PluginAddress } from "../client/index.ts";
import { messageOf } from "../errors.ts";
import { type MethodName, mediaType, type ResponseOf, unixHost } from "../protocol/index.ts";
import type { Examination } from "./examination.ts";
import type { Outcome } from "./outcome.ts";

const pause = 20;

/** @returns undefined where the plugin is behind TLS */
function begun(address: PluginAddress, path: string, length: number): ClientRequest | undefined {
  if (address.kind === "tcp" && address.tls !== undefined) return undefined;
  const target =
    address.kind === "unix"
      ? { socketPath: address.path, headers: { Host: unixHost } }
      : { host: address.host, port: address.port };
  const request = httpRequest({ ...target, path, method: "POST", agent: false });
  request.on("error", () => {});
  request.setHeader("Accept", mediaType);
  request.setHeader("Content-Length", length);
  return request;
}

/** @returns how the call ended; undefined where the plugin is behind TLS */
export async function askInPieces<M extends MethodName>(
  exam: Examination,
  method: M,
  body: string,
): Promise<Outcome<ResponseOf<M>> | undefined> {
  const bytes = Buffer.from(body);
  const request = begun(exam.address, `/${method}`, bytes.length);
  if (request === undefined) return undefined;
  const answered = once(request, "response", { signal: AbortSignal.timeout(exam.timeout) });
  answered.catch(() => {});
  for (const at of [0, 1, 2]) {
    request.write(bytes.subarray((at * bytes.length) / 3, ((at + 1) * bytes.length) / 3));
    await sleep(pause);
  }
  request.end();
  try {
    const [response] = await answered;
    const chunks: Buffer[] = await Array.fromAsync(response);
    const text = Buffer.concat(chunks).toString();
    return exam.read(method, body, { status: response.statusCode, text });
  } catch (error) {
    return { kind: "nothing", text: messageOf(error) };
  } finally {
    request.destroy();
  }
}

/** Hangs up in the middle of a request, and of another one before its answer. @returns false where it cannot be done */
export async function hangUp(address: PluginAddress, path: string): Promise<boolean> {
  for (const length of [1000, 2]) {
    const request = begun(address, path, length);
    if (request === undefined) return false;
    request.write("{}");
    await sleep(pause);
    request.destroy();
  }
  await sleep(pause);
  return true;
}
