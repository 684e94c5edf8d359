/**
 * A request becomes a call of a handler, and its end an answer: 200 with the result, or with `{Err}` (`{Error}` of an IPAM) for what the handler threw,
 * 400 for a request that is none, 403 for a browser's, 404 for an unknown method.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf, PluginError } from "../errors.ts";
import { isMethodName, type MethodName, mediaType, methods, readMessage } from "../protocol/index.ts";
import { type AnyHandler, handlerOf, type PluginDefinition } from "./handlers.ts";
import { readJsonBody } from "./request-body.ts";

export interface DispatchOptions {
  /** Largest body that is read, bytes. */
  readonly bodyLimit: number;
  /** How long a handler may take, milliseconds. */
  readonly timeout: number;
  /** Told of each call when it has ended. */
  readonly onCall: (call: EndedCall) => void;
}

/** A call that was answered, for a log. */
export interface EndedCall {
  readonly plugin: string;
  /** What was asked for; not necessarily a method that there is. */
  readonly method: string;
  readonly status: number;
  /** Milliseconds. */
  readonly took: number;
  /** What was refused or thrown. */
  readonly error?: unknown;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly error?: unknown;
}

/**
 * @param ending aborted when the handler is waited for no longer: here, and by whoever else has a reason
 */
export async function answerRequest(
  plugin: PluginDefinition,
  request: IncomingMessage,
  response: ServerResponse,
  options: DispatchOptions,
  ending: AbortController,
): Promise<void> {
  const started = performance.now();
  const method = (request.url ?? "").split("?", 1)[0]?.slice(1) ?? "";
  response.once("close", () => {
    if (!response.writableFinished)
      ending.abort(new PluginError("plugin_call_aborted", "the caller hung up"));
  });
  const { status, body, error } = await answer(plugin, method, request, options, ending);
  if (!response.destroyed) send(request, response, status, body);
  const took = performance.now() - started;
  options.onCall({ plugin: plugin.name, method, status, took, ...(error !== undefined && { error }) });
}

async function answer(
  plugin: PluginDefinition,
  name: string,
  request: IncomingMessage,
  { bodyLimit, timeout }: DispatchOptions,
  ending: AbortController,
): Promise<Answer> {
  if (request.method !== "POST") return refusal(405, "Err", `${request.method} is not understood: use POST`);
  // No page of a browser's on this machine is to call a plugin that listens on TCP: browsers say so, callers of plugins do not.
  if (request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined)
    return refusal(403, "Err", "a browser's request: plugins are called by programs");
  const handler = isMethodName(name) ? handlerOf(plugin, name) : undefined;
  if (!isMethodName(name) || handler === undefined)
    return refusal(404, "Err", `${plugin.name} does not know the method "${name}"`);
  const { errorField } = methods[name];
  let message: unknown;
  try {
    message = readMessage(methods[name].request, await readJsonBody(request, bodyLimit));
  } catch (error) {
    const tooLarge = error instanceof PluginError && error.code === "request_too_large";
    return refusal(tooLarge ? 413 : 400, errorField, `${name}: ${messageOf(error)}`, error);
  }
  try {
    const result = await withinTime(handler, message, { plugin: plugin.name, method: name }, timeout, ending);
    checkAnswer(name, result);
    return { status: 200, body: result ?? {} };
  } catch (error) {
    return refusal(200, errorField, messageOf(error) || `${name} failed`, error);
  }
}

/** A handler's answer that nobody could read is an error of the plugin, told where it is seen. */
function checkAnswer(name: MethodName, result: unknown): void {
  try {
    readMessage(methods[name].response, result);
  } catch (error) {
    throw new PluginError(
      "plugin_answer_invalid",
      `${name}: the handler's answer is wrong: ${messageOf(error)}`,
    );
  }
}

async function withinTime(
  handler: AnyHandler,
  message: unknown,
  call: { readonly plugin: string; readonly method: MethodName },
  timeout: number,
  ending: AbortController,
): Promise<unknown> {
  const { signal } = ending;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => {
    ending.abort(new PluginError("handler_timeout", `${call.method} took longer than ${timeout / 1000} s`));
  }, timeout);
  try {
    return await Promise.race([aborted, (async () => await handler(message, { ...call, signal }))()]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

function refusal(status: number, field: "Err" | "Error", text: string, error: unknown = text): Answer {
  return { status, body: { [field]: text }, error };
}

function send(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "Content-Type": mediaType,
    "Content-Length": Buffer.byteLength(text),
    // What was not read of a request would be taken for the next one.
    ...(!request.complete && { Connection: "close" }),
  });
  response.end(text);
}
