// A program that sends datagrams from one port, without a pause, to a port that is published only meanwhile.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { NetNamespace } from "@causeway/kernel";
import { eventually } from "./support/eventually.ts";
import { namespaceOf, TestHost } from "./support/host.ts";
import { Outside } from "./support/outside.ts";
import { ipv4Only } from "./support/scenes.ts";
import { openUdp, serve } from "./support/traffic.ts";

/** Sends every 20 ms, and counts what it has sent and the answers. */
function sender(namespace: NetNamespace, address: string, port: number) {
  const socket = openUdp(namespace, "0.0.0.0", 4444);
  let questions = 0;
  let answers = 0;
  socket.on("message", () => answers++);
  socket.on("error", () => undefined);
  const timer = setInterval(() => socket.send("?", port, address, () => questions++), 20);
  return {
    get questions() {
      return questions;
    },
    get answers() {
      return answers;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await new Promise<void>((done) => socket.close(done));
    },
  };
}

test("who sends to a UDP port already reaches it once it is published, and its next owner after that", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  const network = await ipv4Only(host, "network1", 1);
  const first = await host.controller.attach(network, { containerId: "first" });
  const second = await host.controller.attach(network, { containerId: "second" });
  using inFirst = namespaceOf(first.sandbox);
  using inSecond = namespaceOf(second.sandbox);
  await using firstServer = await serve(inFirst, { protocol: "udp", port: 53 });
  await using secondServer = await serve(inSecond, { protocol: "udp", port: 53 });
  await using client = sender(outside.namespace, outside.hostIpv4, 6000);
  await eventually(() => assert.ok(client.questions >= 10));
  assert.equal(client.answers, 0);

  const port = [{ protocol: "udp", hostPort: 6000, containerPort: 53 }] as const;
  await first.endpoint.publish(port);
  await eventually(() => assert.ok(client.answers > 0));
  assert.ok(firstServer.heard.has("?"));

  await first.endpoint.unpublish([{ hostPort: 6000 }]);
  assert.equal(secondServer.heard.size, 0);
  await second.endpoint.publish(port);
  await eventually(() => assert.ok(secondServer.heard.has("?")));
  await first.sandbox.delete({ endpoints: "delete" });
  await second.sandbox.delete({ endpoints: "delete" });
});

test("what is still sent to an endpoint that has gone does not reach the next one of its address", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  const network = await ipv4Only(host, "network1", 1);
  const address = "172.30.1.50";
  const publish = [{ protocol: "udp", hostPort: 6000, containerPort: 53 }] as const;
  const attach = (containerId: string) =>
    host.controller.attach(network, { containerId, endpoint: { ipv4: address, publish } });
  const first = await attach("first");
  const socketOf = (namespace: NetNamespace, port: number) => openUdp(namespace, "0.0.0.0", port);
  using inFirst = namespaceOf(first.sandbox);
  // One that the endpoint began, and one that was begun from outside.
  const asker = socketOf(inFirst, 4444);
  const answerer = socketOf(inFirst, 53);
  const theirs = socketOf(outside.namespace, 7000);
  asker.send("hello", 7000, outside.ipv4);
  const [, seenFrom] = await once(theirs, "message");
  theirs.send("hello", 6000, outside.hostIpv4);
  await once(answerer, "message");
  for (const socket of [asker, answerer]) await new Promise<void>((done) => socket.close(done));
  await first.sandbox.delete({ endpoints: "delete" });

  const second = await attach("second");
  using inSecond = namespaceOf(second.sandbox);
  await using begun = await serve(inSecond, { protocol: "udp", port: 4444 });
  await using published = await serve(inSecond, { protocol: "udp", port: 53 });
  // What is forgotten is forgotten a moment later: the first rounds may still get through.
  let round = 0;
  await eventually(async () => {
    const late = `late ${++round}`;
    theirs.send(late, seenFrom.port, outside.hostIpv4);
    theirs.send(late, 6000, outside.hostIpv4);
    await eventually(() => assert.ok(published.heard.has(late), "a port that is published again"));
    assert.ok(!begun.heard.has(late), "answers to a question that another asked");
  });
  await new Promise<void>((done) => theirs.close(done));
  await second.sandbox.delete({ endpoints: "delete" });
});
