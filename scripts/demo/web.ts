// Serving and fetching web pages in namespaces, by processes that live there.

import type { ChildProcess, SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Endpoint } from "@causeway/libnetwork";

/** Where a process can be started: a sandbox, or a namespace. */
export interface Place {
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
}

/** How long an answer may take, and how long one is waited for that must not come, milliseconds. */
const patience = 3000;
const shortPatience = 300;

function start(place: Place, program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return place.spawn(process.execPath, [join(import.meta.dirname, program), ...args], {
    ...options,
    env: {},
  });
}

export interface Server {
  readonly pid: number;
  /** Kept when it can be asked. */
  readonly ready: Promise<void>;
}

/** Starts a web server on port 80, which outlives this process. */
export function startServer(place: Place): Server {
  const server = start(place, "server.ts", [], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const { pid, stdout } = server;
  if (pid === undefined || stdout === null) throw new Error("the web server did not start");
  const listening = async () => {
    const [event] = await Promise.race([once(stdout, "data"), once(stdout, "end")]);
    if (event === undefined) throw new Error("the web server ended at once");
    stdout.destroy();
    server.unref();
  };
  return { pid, ready: listening() };
}

/** IPv4 and IPv6, without prefix lengths. */
export function addressesOf({ ipv4, ipv6 }: Endpoint): readonly string[] {
  return [ipv4, ipv6].filter((cidr) => cidr !== undefined).map((cidr) => cidr.slice(0, cidr.indexOf("/")));
}

/** The page of a server at each of its addresses. */
export function pages(addresses: readonly string[], port = 80): readonly string[] {
  return addresses.map((address) => `http://${address.includes(":") ? `[${address}]` : address}:${port}/`);
}

/**
 * Fetches pages, which say from where the server saw them asked for.
 *
 * @throws Error where one does not come, or the server saw another address than is expected
 */
export async function fetchAll(
  place: Place,
  urls: readonly string[],
  expected: readonly string[],
): Promise<string> {
  const results = await ask(place, urls, patience);
  for (const [at, { body, failure }] of results.entries()) {
    if (body === undefined) throw new Error(`${urls[at]}: ${failure}`);
    if (body !== expected[at]) throw new Error(`${urls[at]} was asked from ${body}, not ${expected[at]}`);
  }
  return `seen as ${expected.join(", ")}`;
}

/** Tries to fetch pages that must not come. @throws Error where one does */
export async function failToFetch(place: Place, urls: readonly string[]): Promise<string> {
  const results = await ask(place, urls, shortPatience);
  const reached = urls.filter((_, at) => results[at]?.failure === undefined);
  if (reached.length > 0) throw new Error(`${reached.join(" and ")} can be reached, and should not`);
  return [...new Set(results.map(({ failure }) => failure))].join(", ");
}

interface Fetched {
  readonly body?: string;
  readonly failure?: string;
}

async function ask(place: Place, urls: readonly string[], timeout: number): Promise<readonly Fetched[]> {
  const client = start(place, "client.ts", [String(timeout), ...urls], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (client.stdout === null) throw new Error("the web client did not start");
  return JSON.parse(await text(client.stdout)) as readonly Fetched[];
}
