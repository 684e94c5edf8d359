// What programs in the sandboxes are told when they ask for names, by packets: lines of a picture.

import assert from "node:assert/strict";
import { connectUdp, EPOLLIN, InetSockaddr, Poller, receiveDatagram, sendDatagram } from "@causeway/kernel";
import type { NetworkController, Sandbox } from "@causeway/libnetwork";
import { type Answer, decode, encode, type Packet } from "dns-packet";
import { namespaceOf, type TestHost } from "../support/host.ts";

const resolver = new InetSockaddr(Uint8Array.of(127, 0, 0, 11), "127.0.0.11");
/** All that scenarios give, in whatever network: who is not in the asker's is not to be found. */
const names = ["web", "client", "late", "a", "b", "box", "renamed", "other", "www", "db", "site", "gate"];
/** Of the addresses that scenarios give to endpoints. */
const endpointPrefix = "172.30.";
/** Milliseconds until nobody is taken to answer: where that is wrong, another picture is taken. */
const shortWait = 50;
/** The same, where none is. */
const longWait = 1500;

const questions = names.map((name, id) =>
  encode({ type: "query", id, flags: 0x100, questions: [{ type: "A", name }] } satisfies Packet),
);
const incoming = Buffer.alloc(4096);

/**
 * Who is found by which name from which sandbox. Names that are not found have no line, nor have sandboxes that are not answered.
 *
 * @param surely waits for answers that are late
 */
export function answeredNames(host: TestHost, { surely = false } = {}): readonly string[] {
  return sandboxesOf(host).flatMap((sandbox) =>
    [...askAll(sandbox, surely ? longWait : shortWait)].map(
      ([name, told]) => `name in ${sandbox.containerId}: ${name} is ${told.join(" ")}`,
    ),
  );
}

/** Nobody is found who is not, at this moment, in a network of the asker's. */
export function proveNames(host: TestHost): void {
  const joined = host.controller
    .networks()
    .flatMap((network) => network.endpoints().filter(({ sandbox }) => sandbox !== undefined));
  for (const asker of sandboxesOf(host)) {
    const networks = new Set(
      joined.filter(({ sandbox }) => sandbox?.key === asker.key).map(({ network }) => network),
    );
    const near = joined.filter(({ network }) => networks.has(network));
    const addresses = new Set(near.map(({ ipv4 }) => ipv4?.split("/")[0]));
    for (const [name, told] of askAll(asker, shortWait)) {
      const strange = told.filter((data) => data.startsWith(endpointPrefix) && !addresses.has(data));
      assert.deepEqual(strange, [], `${asker.containerId} finds ${name}, which is not in its networks`);
    }
  }
}

/** Until the resolver has taken up every sandbox: a thread does so in its own time. */
export async function namesTakenUp(controller: NetworkController): Promise<void> {
  for (const sandbox of controller.sandboxes())
    if (sandbox.endpoints().length > 0) await sandbox.resolve("web").catch(() => undefined);
}

function sandboxesOf(host: TestHost): readonly Sandbox[] {
  if (!host.isRunning) return [];
  return host.controller
    .sandboxes()
    .filter((sandbox) => !sandbox.usesHostNetwork && sandbox.key !== undefined && !sandbox.lost);
}

/** What each name is, of those that are found. */
function askAll(sandbox: Sandbox, wait: number): ReadonlyMap<string, readonly string[]> {
  using namespace = namespaceOf(sandbox);
  using socket = namespace.run(() => connectUdp(resolver, 53));
  using poller = new Poller();
  poller.add(socket.fd, 0, EPOLLIN);
  for (const question of questions) sendDatagram(socket.fd, question, question.length);
  const found = new Map<string, readonly string[]>();
  const waiting = new Set(names.keys());
  while (waiting.size > 0 && poller.wait(wait, () => undefined) > 0) {
    const length = receiveDatagram(socket.fd, incoming);
    if (length === "again") continue;
    if (length === "refused") break;
    const { id = -1, answers = [] } = decode(incoming.subarray(0, length)) as Packet;
    waiting.delete(id);
    if (answers.length > 0) found.set(names[id] ?? "", answers.map(dataOf).sort());
  }
  return found;
}

function dataOf(answer: Answer): string {
  return "data" in answer ? String(answer.data) : "";
}
