// An etcd of one member or three, on this machine's loopback: started for a test, and gone after it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";

/** What a test needs of node:test's context. */
interface Cleaning {
  after(clean: () => unknown): void;
}

export interface EtcdOptions {
  /** Default: 1. */
  readonly members?: 1 | 3;
  /** Of etcd's command line, besides what is needed. */
  readonly flags?: readonly string[];
  /** For clients; `flags` name the certificates. */
  readonly scheme?: "http" | "https";
}

export interface Member {
  /** Where clients reach it. */
  readonly url: string;
  /** As a crash does. */
  kill(): Promise<void>;
  /** After {@link kill}; returns when it answers. */
  start(): Promise<void>;
  /** After {@link kill}: it has lost what it knew. */
  wipe(): void;
  /** From now on it is silent, but there. */
  freeze(): void;
  thaw(): void;
}

export interface Etcd {
  readonly members: readonly Member[];
  readonly urls: readonly string[];
  /** A call of the JSON interface, at the first member that answers. */
  ask(
    path: string,
    body: Readonly<Record<string, unknown>>,
    token?: string,
  ): Promise<Record<string, unknown>>;
  /** Forgets the history until now. */
  compact(): Promise<void>;
}

/** Starts it, and returns when it answers. */
export async function startEtcd(
  t: Cleaning,
  { members = 1, flags = [], scheme = "http" }: EtcdOptions = {},
): Promise<Etcd> {
  const data = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "causeway-etcd-"));
  const ports = await freePorts(3 * members);
  const places = Array.from({ length: members }, (_, at) => {
    const [client, peer, metrics] = ports.slice(3 * at);
    return {
      name: `m${at}`,
      url: `${scheme}://127.0.0.1:${client}`,
      peer: `http://127.0.0.1:${peer}`,
      metrics: `http://127.0.0.1:${metrics}`,
    };
  });
  const cluster = places.map(({ name, peer }) => `${name}=${peer}`).join(",");
  const all = places.map(({ name, url, peer, metrics }) =>
    member(url, metrics, join(data, name), [
      ...["--name", name, "--data-dir", join(data, name)],
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--listen-metrics-urls", metrics, "--initial-cluster", cluster, "--log-level", "error"],
      ...flags,
    ]),
  );
  t.after(async () => {
    await Promise.all(all.map((one) => one.kill()));
    rmSync(data, { recursive: true, force: true });
  });
  await Promise.all(all.map((one) => one.start()));
  const urls = all.map(({ url }) => url);
  const ask: Etcd["ask"] = (path, body, token) => askOf(urls, path, body, token);
  return {
    members: all,
    urls,
    ask,
    compact: async () => {
      const { header } = await ask("/v3/kv/range", { key: base64("/causeway/") });
      const { revision } = header as { revision: string };
      // What is compacted already may be compacted once more.
      await ask("/v3/kv/compaction", { revision, physical: true }).catch(() => undefined);
    },
  };
}

/** A way to an etcd that a test can shut. */
export interface Gate {
  readonly url: string;
  /** Ends the connections through it, and those that are made later. */
  shut(): void;
  /** From now on nothing comes through, and nobody is told. */
  stall(): void;
  open(): void;
}

/** @param url of a member */
export async function gateTo(t: Cleaning, url: string): Promise<Gate> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isShut = false;
  let isStalled = false;
  const server = createServer((from) => {
    if (isShut) {
      from.destroy();
      return;
    }
    if (isStalled) {
      sockets.add(from.on("error", () => {}));
      return;
    }
    const to = connect(Number(port), hostname);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const shut = (): void => {
    isShut = true;
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    shut();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut,
    stall: () => {
      isStalled = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    open: () => {
      isShut = false;
      isStalled = false;
    },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function member(url: string, metrics: string, data: string, args: readonly string[]): Member {
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return {
    url,
    kill,
    start: async () => {
      child = spawn("etcd", args, { stdio: "ignore" });
      await eventually(async () => {
        if (child?.exitCode !== null) throw new Error(`etcd ended: etcd ${args.join(" ")}`);
        const answer = await fetch(`${metrics}/health`, { headers: { connection: "close" } });
        if (!(await answer.text()).includes('"true"')) throw new Error("etcd is not healthy");
      });
    },
    wipe: () => rmSync(data, { recursive: true, force: true }),
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
  };
}

async function askOf(
  urls: readonly string[],
  path: string,
  body: Readonly<Record<string, unknown>>,
  token: string | undefined,
): Promise<Record<string, unknown>> {
  let last: unknown;
  for (const url of urls) {
    try {
      const answer = await fetch(url + path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: token === undefined ? {} : { authorization: token },
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${text}`);
      return JSON.parse(text) as Record<string, unknown>;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
