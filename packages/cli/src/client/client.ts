/**
 * Client: the CNM API as commands use it. Paths are below /cnm/v1.
 */
import type { Event, Page } from "@causeway/daemon/api";
import { CliError, exitCodes } from "../errors.ts";
import { failureOf } from "./failure.ts";
import { type Connection, type Sent, send, textOf } from "./http.ts";
import { readEvents } from "./server-sent.ts";
import type { Response } from "./wire.ts";

const base = "/cnm/v1";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface AskOptions {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A path of parts, each escaped: names come from the user. */
export function path(...parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

export class Client {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws ApiError for what the daemon refuses, CliError where it cannot be asked */
  get<T>(path: string, options: AskOptions = {}): Promise<T> {
    return this.#json<T>({ method: "GET", path }, options);
  }

  post<T = void>(path: string, body?: unknown, options: AskOptions = {}): Promise<T> {
    return this.#json<T>({ method: "POST", path, body }, options);
  }

  put<T = void>(path: string, body: unknown, options: AskOptions = {}): Promise<T> {
    return this.#json<T>({ method: "PUT", path, body }, options);
  }

  async delete(path: string, options: AskOptions = {}): Promise<void> {
    await this.#json({ method: "DELETE", path }, options);
  }

  /** All pages of a list. */
  async list<T>(path: string, options: AskOptions = {}): Promise<readonly T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page: Page<T> = await this.get(path, { ...options, query: { ...options.query, cursor } });
      items.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined);
    return items;
  }

  /** What is served as text. */
  text(path: string, options: AskOptions = {}): Promise<string> {
    return this.#text({ method: "GET", path, headers: { accept: "text/plain" } }, options);
  }

  /** What is written as it comes, until the daemon ends it or the signal aborts. Characters are whole. */
  async *stream(path: string, options: AskOptions = {}): AsyncGenerator<string> {
    const response = await this.#send({ method: "GET", path }, options);
    if (response.status !== 200) throw failureOf(response.status, await textOf(response));
    const decoder = new TextDecoder();
    try {
      for await (const part of response.body) yield decoder.decode(part, { stream: true });
      yield decoder.decode();
    } catch (error) {
      if (options.signal?.aborted !== true) throw hungUp(error);
    }
  }

  /** Events as they come, until the daemon ends the stream or the signal aborts. */
  async *events(path: string, options: AskOptions = {}): AsyncGenerator<Event> {
    const sent = { method: "GET", path, headers: { accept: "text/event-stream" } };
    const response = await this.#send(sent, options);
    if (response.status !== 200) throw failureOf(response.status, await textOf(response));
    try {
      for await (const { data } of readEvents(response.body)) yield JSON.parse(data) as Event;
    } catch (error) {
      if (options.signal?.aborted !== true) throw hungUp(error);
    }
  }

  async #json<T>(sent: Sent, options: AskOptions): Promise<T> {
    const text = await this.#text(sent, options);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async #text(sent: Sent, options: AskOptions): Promise<string> {
    const response = await this.#send(sent, options);
    const text = await textOf(response).catch((error) => {
      throw hungUp(error);
    });
    const { status } = response;
    if (status < 200 || status > 299) throw failureOf(status, text);
    return text;
  }

  #send(sent: Sent, { query = {}, headers, signal }: AskOptions): Promise<Response> {
    return send(this.#connection, {
      ...sent,
      path: `${base}${sent.path}${queryText(query)}`,
      headers: { ...sent.headers, ...headers },
      ...(signal && { signal }),
    });
  }
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const pairs = given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function hungUp(error: unknown): unknown {
  if (error instanceof CliError) return error;
  const message = "the daemon hung up in the middle of its answer; its log may say more";
  return new CliError(exitCodes.unavailable, message, { cause: error });
}
