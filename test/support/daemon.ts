// A daemon on a host of its own, and requests to its socket.

import { mkdtempSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Daemon, type DaemonConfig, defaultConfig } from "@causeway/daemon";
import { pino } from "pino";
import { type End, endAll } from "./ends.ts";
import { TestHost, type TestHostOptions } from "./host.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The text read as JSON. */
  readonly body: unknown;
}

export interface TestDaemonOptions {
  readonly controller?: TestHostOptions;
  readonly daemon?: Partial<Omit<DaemonConfig, "controller" | "socket">>;
}

/** The daemon runs in this process; the host's leak check closes the test. */
export class TestDaemon {
  readonly host: TestHost;
  readonly daemon: Daemon;
  readonly socket: string;

  private constructor(host: TestHost, daemon: Daemon, socket: string) {
    this.host = host;
    this.daemon = daemon;
    this.socket = socket;
  }

  static async start(t: Pick<TestContext, "after">, options: TestDaemonOptions = {}): Promise<TestDaemon> {
    let running: Daemon | undefined;
    // The daemon ends before its host.
    const ends: End[] = [() => running?.close()];
    t.after(() => endAll(ends));
    const after = (step?: unknown) => void ends.push(step as End);
    const host = await TestHost.create({ after }, options.controller);
    // The daemon opens the controller itself; the host's own comes back at the end, to take everything down.
    await host.stop();
    const socket = join(mkdtempSync(join(host.directory, "socket-")), "causeway.sock");
    const config: DaemonConfig = { ...defaultConfig, ...options.daemon, controller: host.options, socket };
    running = await Daemon.start(config, pino({ level: "silent" }));
    return new TestDaemon(host, running, socket);
  }

  ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return askSocket(this.socket, method, path, body, headers);
  }
}

/** One request to a unix socket, on a connection of its own. */
export function askSocket(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const type = sent === undefined ? {} : { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, method, path, headers: { ...type, ...headers }, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(parts).toString();
          const isJson = response.headers["content-type"]?.includes("json") === true;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            // Read when it is asked for: a stream of events is many objects.
            get body(): unknown {
              return isJson && text !== "" ? JSON.parse(text) : undefined;
            },
          });
        });
      },
    );
    asked.on("error", reject);
    asked.end(sent);
  });
}
