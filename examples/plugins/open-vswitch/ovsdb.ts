// Open vSwitch's database, RFC 7047: JSON-RPC over a unix socket. No process is started for a change.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { JsonStream } from "./json-stream.ts";

/** One operation of a transaction: `{ op: "insert", table: "Port", row: {...} }`. */
export type Operation = Readonly<Record<string, unknown>>;
/** What it came to: `rows` of a select, `count` of a mutation. */
export interface Result {
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
  readonly count?: number;
  readonly error?: string;
  readonly details?: string;
}

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** ovs-vswitchd takes milliseconds, unless it does not run. */
const longestWait = 10_000;

/** What ovs-vswitchd has done: it counts up to the number that a change has set. */
const done = { Open_vSwitch: { columns: ["cur_cfg"] } };

export class Ovsdb implements Disposable {
  readonly #path: string;
  #connection: Promise<Socket> | undefined;
  readonly #calls = new Map<number, Waiting>();
  #lastId = 0;
  #done = 0;
  readonly #doneListeners = new Set<() => void>();

  /** @param path of the socket; connected to by the first call, and anew after it was lost */
  constructor(path: string) {
    this.#path = path;
  }

  /** All of it happens, or nothing. @throws Error in the database's words */
  async transact(operations: readonly Operation[]): Promise<readonly Result[]> {
    const results = (await this.#call("transact", [
      "Open_vSwitch",
      ...operations,
    ])) as readonly (Result | null)[];
    const failed = results.find((result) => result?.error !== undefined);
    if (failed) throw new Error(`Open vSwitch: ${failed.error}: ${failed.details ?? ""}`);
    return results.map((result) => result ?? {});
  }

  /** The same, and ovs-vswitchd has followed when this returns: interfaces are there, or gone. */
  async change(operations: readonly Operation[]): Promise<readonly Result[]> {
    const everywhere = { table: "Open_vSwitch", where: [] };
    const results = await this.transact([
      ...operations,
      { op: "mutate", ...everywhere, mutations: [["next_cfg", "+=", 1]] },
      { op: "select", ...everywhere, columns: ["next_cfg"] },
    ]);
    await this.#untilDone(Number(results.at(-1)?.rows?.[0]?.next_cfg));
    return results;
  }

  [Symbol.dispose](): void {
    this.#connection?.then((socket) => socket.destroy()).catch(() => {});
  }

  async #untilDone(goal: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (this.#done >= goal) resolve();
    };
    const late = setTimeout(
      () => reject(new Error(`ovs-vswitchd has done nothing for ${longestWait / 1000} s: does it run?`)),
      longestWait,
    );
    this.#doneListeners.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(late);
      this.#doneListeners.delete(look);
    }
  }

  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    this.#connection ??= this.#connect();
    return this.#send(await this.#connection, method, params);
  }

  #send(socket: Socket, method: string, params: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { resolve, reject });
    socket.write(JSON.stringify({ id, method, params }));
    return promise;
  }

  async #connect(): Promise<Socket> {
    const socket = connect(this.#path);
    try {
      await once(socket, "connect");
      const stream = new JsonStream();
      socket.setEncoding("utf8").on("data", (text: string) => {
        for (const message of stream.push(text)) this.#take(socket, message as Message);
      });
      socket.on("error", () => {});
      socket.on("close", () => this.#lost());
      this.#note(await this.#send(socket, "monitor", ["Open_vSwitch", "done", done]));
      return socket;
    } catch (error) {
      this.#connection = undefined;
      throw new Error(
        `no Open vSwitch answers on ${this.#path}: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #lost(): void {
    this.#connection = undefined;
    for (const { reject } of this.#calls.values())
      reject(new Error(`the connection to ${this.#path} was lost`));
    this.#calls.clear();
  }

  #take(socket: Socket, { id, method, params = [], result, error }: Message): void {
    if (method === "echo") socket.write(JSON.stringify({ id, result: params, error: null }));
    else if (method === "update") this.#note(params[1]);
    else if (typeof id === "number") {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error) call?.reject(new Error(`Open vSwitch: ${JSON.stringify(error)}`));
      else call?.resolve(result);
    }
  }

  /** @param update `{ Open_vSwitch: { UUID: { new: { cur_cfg: 7 } } } }` */
  #note(update: unknown): void {
    const { Open_vSwitch: rows = {} } = update as {
      Open_vSwitch?: Readonly<Record<string, { new?: { cur_cfg?: number } }>>;
    };
    for (const { new: row } of Object.values(rows)) this.#done = row?.cur_cfg ?? this.#done;
    for (const look of this.#doneListeners) look();
  }
}

/** A map as OVSDB writes it, and back. */
export const ovsMap = (entries: Readonly<Record<string, string>>) =>
  ["map", Object.entries(entries)] as const;
export function fromOvsMap(value: unknown): Readonly<Record<string, string>> {
  return Array.isArray(value) && value[0] === "map" ? Object.fromEntries(value[1]) : {};
}
