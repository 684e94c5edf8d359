// Servers that say who they are, and whom they see; and who of them answers.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { InetSockaddr, ipToBytes, listenTcp, NetNamespace, socket } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { patience } from "./eventually.ts";
import { namespaceOf } from "./host.ts";

export const everywhere = { ipv4: "0.0.0.0", ipv6: "::" } as const;
export type Family = keyof typeof everywhere;

/** A server in a sandbox. */
interface Speaker {
  readonly name: string;
  readonly sandbox: Sandbox;
}

export function addressOf(
  of: { readonly ipv4: string | undefined; readonly ipv6: string | undefined },
  family: Family,
) {
  const [address] = of[family]?.split("/") ?? [];
  assert.ok(address !== undefined);
  return address;
}

/** Servers in the members' sandboxes that say who they are and whom they see, and keep the connection. */
export async function serveAll(members: readonly Speaker[], port: number, family: Family = "ipv4") {
  await using opened = new AsyncDisposableStack();
  for (const { name, sandbox } of members) {
    using namespace = namespaceOf(sandbox);
    const at = everywhere[family];
    const listening = namespace.run(() =>
      listenTcp(new InetSockaddr(ipToBytes(at), at), port, { backlog: 512 }),
    );
    const open = new Set<Socket>();
    const server = createServer((peer) => {
      open.add(peer);
      peer.on("error", () => peer.destroy());
      peer.on("data", (text) => peer.write(`${text} at ${name}`));
      peer.write(`${name} sees ${peer.remoteAddress?.replace("::ffff:", "")}`);
    }).listen({ fd: listening.release() });
    opened.defer(async () => {
      for (const peer of open) peer.destroy();
      server.close();
      await once(server, "close");
    });
  }
  return opened.move();
}

/** A connection from a sandbox: what it hears, one message after the other; undefined where it is refused or broken off. */
export class Client implements Disposable {
  readonly #socket: Socket;

  constructor(from: NetNamespace, address: string, port: number) {
    const domain = address.includes(":") ? socket.AF_INET6 : socket.AF_INET;
    const fd = from.run(() => socket.openSocket(domain, socket.SOCK_STREAM, 0, { nonBlocking: true }));
    this.#socket = new Socket({ fd: fd.release() });
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.connect({ host: address, port });
  }

  async hear(): Promise<string | undefined> {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(patience)]);
    const [text] = await Promise.race([
      once(this.#socket, "data", { signal }).catch(() => []),
      once(this.#socket, "close", { signal }).then(
        () => [],
        () => [],
      ),
    ]);
    ended.abort();
    return text === undefined ? undefined : String(text);
  }

  say(text: string): Promise<string | undefined> {
    const heard = this.hear();
    this.#socket.write(text);
    return heard;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

export function openClient(from: Sandbox | NetNamespace, address: string, port: number): Client {
  if (from instanceof NetNamespace) return new Client(from, address, port);
  using namespace = namespaceOf(from);
  return new Client(namespace, address, port);
}

/** Who answers a new connection, and whom it sees. */
export async function greeting(
  from: Sandbox | NetNamespace,
  address: string,
  port: number,
): Promise<string | undefined> {
  using client = openClient(from, address, port);
  return await client.hear();
}

export async function whoAnswers(
  from: Sandbox | NetNamespace,
  address: string,
  port: number,
): Promise<string> {
  return (await greeting(from, address, port))?.split(" ")[0] ?? "nobody";
}

export async function counted(times: number, who: () => Promise<string>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let time = 0; time < times; time++) {
    const name = await who();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Each within six standard deviations of an even choice. */
export function assertEven(counts: ReadonlyMap<string, number>, among: readonly string[]): void {
  assert.deepEqual([...counts.keys()].sort(), [...among].sort());
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const share = 1 / among.length;
  const allowed = 6 * Math.sqrt(total * share * (1 - share));
  for (const [who, count] of counts)
    assert.ok(Math.abs(count - total * share) <= allowed, `${who} has ${count} of ${total}`);
}
