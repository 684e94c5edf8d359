/**
 * One request, one answer, over connections that are kept. What a plugin does wrong here ends in an error that says so.
 */
import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { codeOf, messageOf, PluginError } from "../errors.ts";
import { readFileSync } from "../files.ts";
import { mediaType, unixHost } from "../protocol/index.ts";
import { addressText, type PluginAddress, type TlsFiles } from "./address.ts";

export interface Exchange {
  /** `/NetworkDriver.Join` */
  readonly path: string;
  /** As it is sent. */
  readonly body: string;
  /** Beside, or instead of, what is sent otherwise. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: POST. */
  readonly method?: string;
  /** Largest answer that is read, bytes. */
  readonly limit: number;
  /** Milliseconds from sending to the answer's last byte. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A connection that could not be made, or that broke. */
export class ConnectionError extends PluginError {
  /** The plugin may have got the request. */
  readonly sent: boolean;
  /** Waiting may help: it is not a wrong certificate or a socket that we may not use. */
  readonly passing: boolean;

  constructor(message: string, cause: unknown, sent: boolean) {
    super("plugin_unreachable", message, { cause });
    this.sent = sent;
    this.passing = passingCodes.has(codeOf(cause) ?? "");
  }
}

const passingCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  "EAGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

/** Idle connections are given up before a server of Node.js does (5 s): one that it closes when a request is on its way breaks a call. */
const idleTime = 4000;

export class Transport implements Disposable {
  readonly address: PluginAddress;
  readonly #agent: Agent;
  readonly #target: RequestOptions;
  /** The event of a socket from which on it sends. */
  readonly #connected: "connect" | "secureConnect";
  readonly #request: (options: RequestOptions) => ClientRequest;

  /** @throws PluginError plugin_address_invalid for TLS files that cannot be read */
  constructor(address: PluginAddress) {
    this.address = address;
    this.#connected = address.kind === "tcp" && address.tls !== undefined ? "secureConnect" : "connect";
    const pool = { keepAlive: true, maxFreeSockets: 8, timeout: idleTime };
    if (address.kind === "unix") {
      this.#agent = new Agent(pool);
      this.#target = { socketPath: address.path, headers: { Host: unixHost } };
      this.#request = httpRequest;
      return;
    }
    const { host, port, tls } = address;
    this.#target = { host, port };
    this.#agent = tls === undefined ? new Agent(pool) : new TlsAgent({ ...pool, ...tlsOptions(tls) });
    this.#request = tls === undefined ? httpRequest : httpsRequest;
  }

  /**
   * @returns the answer, whatever its status
   * @throws ConnectionError, PluginError plugin_timeout, plugin_call_aborted, plugin_answer_too_large
   */
  async exchange({
    path,
    body,
    headers,
    method = "POST",
    limit,
    timeout,
    signal,
  }: Exchange): Promise<RawAnswer> {
    const where = `${addressText(this.address)}${path}`;
    // By hand, not AbortSignal.timeout and .any: these outlive the call, and there may be thousands a second.
    const end = new AbortController();
    const giveUp = () => end.abort();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end.abort();
    }, timeout);
    signal?.addEventListener("abort", giveUp, { once: true });
    let sent = false;
    try {
      signal?.throwIfAborted();
      const request = this.#request({
        ...this.#target,
        path,
        method,
        agent: this.#agent,
        // Node.js would put its own in the place of an empty one.
        setHost: this.address.kind === "tcp" && !namesHost(headers),
        signal: end.signal,
        headers: {
          ...this.#target.headers,
          "User-Agent": "causeway-plugin-sdk",
          Accept: mediaType,
          "Content-Length": Buffer.byteLength(body),
          ...headers,
        },
      });
      request.once("socket", (socket) => {
        // A fresh socket holds the request back until it is connected.
        if (socket.connecting) socket.once(this.#connected, () => (sent = true));
        else sent = true;
      });
      const answered = answerTo(request);
      request.end(body);
      const response = await answered;
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: await textOf(response, limit, where),
      };
    } catch (error) {
      if (error instanceof PluginError) throw error;
      if (signal?.aborted === true)
        throw new PluginError("plugin_call_aborted", `${where}: given up: ${messageOf(signal.reason)}`, {
          cause: signal.reason,
        });
      if (late)
        throw new PluginError("plugin_timeout", `${where}: no answer within ${timeout / 1000} s`, {
          cause: error,
        });
      throw new ConnectionError(`${where}: ${messageOf(error)}`, error, sent);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Closes the connections that are kept. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function namesHost(headers: Exchange["headers"] = {}): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === "host");
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    // Node.js calls neither a response nor an error.
    request.once("upgrade", (_, socket) => {
      socket.destroy();
      reject(new Error("it would speak another protocol (101 Switching Protocols)"));
    });
    request.once("close", () => reject(new Error("the connection was closed before an answer")));
    // Stays: one that comes after the answer is of a connection that nobody waits for.
    request.on("error", reject);
  });
}

async function textOf(response: IncomingMessage, limit: number, where: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the connection.
    if (size > limit)
      throw new PluginError(
        "plugin_answer_too_large",
        `${where}: the answer is larger than ${limit} bytes: cut off`,
        {
          detail: { limit },
        },
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tlsOptions({ caFile, certFile, keyFile, insecureSkipVerify }: TlsFiles) {
  try {
    return {
      rejectUnauthorized: !insecureSkipVerify,
      ...(caFile !== undefined && { ca: readFileSync(caFile) }),
      ...(certFile !== undefined && { cert: readFileSync(certFile) }),
      ...(keyFile !== undefined && { key: readFileSync(keyFile) }),
    };
  } catch (error) {
    throw new PluginError("plugin_address_invalid", `TLSConfig: ${messageOf(error)}`, { cause: error });
  }
}
