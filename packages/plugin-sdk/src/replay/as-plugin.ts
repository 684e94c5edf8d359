/**
 * The plugin's part of a recorded conversation, said to a client: each call gets the recorded answer, and is held against the recorded call.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { mediaType } from "../protocol/index.ts";
import { listenOnUnixSocket } from "../server/unix-socket.ts";
import { valueDifferences } from "./compare.ts";
import { Correspondence } from "./correspondence.ts";
import type { Difference } from "./difference.ts";
import { methodOf, type RecordedExchange } from "./recording.ts";

export interface PluginReplayOptions {
  /** Path of the socket; its directory is made. */
  readonly socket: string;
  /** Methods that may be called at any time and in any number: `NetworkDriver.EndpointOperInfo` depends on what else is asked of dockerd. */
  readonly anytime?: readonly string[];
  /** Another answer than the recorded one: where a link has another name in this run. */
  readonly answer?: (exchange: RecordedExchange, request: unknown) => unknown;
}

/** A call that came. */
export interface HeardCall {
  readonly method: string;
  readonly request: unknown;
}

export class RecordedPlugin {
  readonly #recording: readonly RecordedExchange[];
  readonly #options: PluginReplayOptions;
  readonly #server: Server;
  readonly #correspondence = new Correspondence();
  readonly #differences: Difference[] = [];
  readonly #calls: HeardCall[] = [];
  #position = 0;
  #removeSocket = () => {};

  static async open(
    recording: readonly RecordedExchange[],
    options: PluginReplayOptions,
  ): Promise<RecordedPlugin> {
    const plugin = new RecordedPlugin(recording, options);
    plugin.#removeSocket = await listenOnUnixSocket(plugin.#server, options.socket, 0o600);
    return plugin;
  }

  private constructor(recording: readonly RecordedExchange[], options: PluginReplayOptions) {
    this.#recording = recording;
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  /** Everything that was asked, in its order. */
  get calls(): readonly HeardCall[] {
    return this.#calls;
  }

  /** What was asked otherwise than recorded, so far. */
  get differences(): readonly Difference[] {
    return this.#differences;
  }

  /** What was recorded and is not asked yet, without what may be asked at any time. */
  get remaining(): readonly RecordedExchange[] {
    return this.#recording.slice(this.#position).filter((exchange) => !this.#isAnytime(methodOf(exchange)));
  }

  async close(): Promise<void> {
    this.#removeSocket();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request);
    const body = text.trim() === "" ? null : (JSON.parse(text) as unknown);
    const method = request.url?.slice(1) ?? "";
    this.#calls.push({ method, request: body });
    const exchange = this.#match(method, request, body);
    if (exchange === undefined) return void response.writeHead(404).end("404 page not found\n");
    const answer = this.#options.answer?.(exchange, body) ?? exchange.response;
    response.writeHead(exchange.status, { "Content-Type": mediaType }).end(`${JSON.stringify(answer)}\n`);
  }

  #match(method: string, request: IncomingMessage, body: unknown): RecordedExchange | undefined {
    if (this.#isAnytime(method)) return this.#recording.find((exchange) => methodOf(exchange) === method);
    while (this.#isAnytime(methodOf(this.#recording[this.#position] ?? { path: "/" }))) this.#position++;
    const index = this.#position;
    const expected = this.#recording[index];
    if (expected === undefined || methodOf(expected) !== method) {
      this.#note(index, "order", expected === undefined ? undefined : methodOf(expected), method);
      // Whoever asks out of turn is answered all the same: there may be more to see.
      return this.#recording.slice(index).find((exchange) => methodOf(exchange) === method);
    }
    this.#position++;
    const { accept } = expected.headers;
    if (request.method !== expected.method) this.#note(index, "HTTP method", expected.method, request.method);
    if (request.headers.accept !== accept) this.#note(index, "accept", accept, request.headers.accept);
    const recorded: unknown = expected.rawRequest.trim() === "" ? null : JSON.parse(expected.rawRequest);
    for (const { field, ...values } of valueDifferences(recorded, body, this.#correspondence))
      this.#note(index, field || "body", values.recorded, values.actual);
    return expected;
  }

  #note(index: number, what: string, recorded: unknown, actual: unknown): void {
    const exchange = this.#recording[index];
    const method = exchange === undefined ? "" : methodOf(exchange);
    this.#differences.push({ index, step: exchange?.step ?? "the end", method, what, recorded, actual });
  }

  #isAnytime(method: string): boolean {
    return this.#options.anytime?.includes(method) === true;
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
  return Buffer.concat(chunks).toString("utf8");
}
