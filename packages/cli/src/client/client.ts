/**
 * Client: the CNM API as commands use it. Paths are below /cnm/v1.
 */
import type { Event, Page } from "@causeway/daemon/api";
import { CliError, exitCodes } from "../errors.ts";
import { failureOf } from "./failure.ts";
import { type Connection, type Sent, send, textOf } from "./http.ts";
import { readEvents } from "./server-sent.ts";

const base = "/cnm/v1";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface AskOptions {
  readonly query?: Query;
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

  patch<T = void>(path: string, body: unknown, options: AskOptions = {}): Promise<T> {
    return this.#json<T>({ method: "PATCH", path, body }, options);
  }

  async delete(path: string, options: AskOptions = {}): Promise<void> {
    await this.#json({ method: "DELETE", path }, options);
  }

  /** All pages of a list. */
  async list<T>(path: string, options: AskOptions = {}): Promise<readonly T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const query = { ...options.query, cursor };
      const page: Page<T> = await this.get(path, { ...options, query });
      items.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined);
    return items;
  }

  /** What is served as text. */
  text(path: string, options: AskOptions = {}): Promise<string> {
    return this.#text({ method: "GET", path, headers: { accept: "text/plain" } }, options);
  }

  /** Events as they come, until the daemon ends the stream or the signal aborts. */
  async *events(path: string, options: AskOptions = {}): AsyncGenerator<Event> {
    const response = await this.#send(
      { method: "GET", path, headers: { accept: "text/event-stream" } },
      options,
    );
    if (response.statusCode !== 200) throw failureOf(response.statusCode ?? 0, await textOf(response));
    response.setEncoding("utf8");
    try {
      for await (const { data } of readEvents(response)) yield JSON.parse(data) as Event;
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
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw failureOf(status, text);
    return text;
  }

  #send(sent: Sent, { query = {}, signal }: AskOptions) {
    return send(this.#connection, {
      ...sent,
      path: `${base}${sent.path}${queryText(query)}`,
      ...(signal && { signal }),
    });
  }
}

function queryText(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? "" : `?${given}`;
}

function hungUp(error: unknown): unknown {
  if (error instanceof CliError) return error;
  return new CliError(exitCodes.unavailable, "the daemon hung up in the middle of its answer", {
    cause: error,
  });
}
