// Names are asked for while the controller is being replaced: nobody is refused, and the next controller answers what is asked again.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bindUdp, InetSockaddr } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { decode, encode } from "dns-packet";
import { attached, look } from "../support/dns-asker.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Holder } from "./holding.ts";

/** Milliseconds that clients wait before they ask again: less than glibc's 5,000, so that the test is over sooner. */
const askedAgain = 250;

/** Two containers in a network, on a host whose controller is stopped. */
async function scene(t: TestContext) {
  const host = await TestHost.create(t);
  const web = await attached(host.controller, "web", "n");
  const db = await attached(host.controller, "db", "n");
  const address = db.endpoints()[0]?.ipv4?.split("/")[0] ?? assert.fail();
  await host.stop();
  return { host, web, address };
}

/** Asks by one connected socket, which is told of ICMP errors, and asks again by the same until it is answered. */
async function insist(sandbox: Sandbox, name: string, interval = askedAgain): Promise<string> {
  using namespace = namespaceOf(sandbox);
  const fd = namespace.run(() => bindUdp(new InetSockaddr(new Uint8Array(4), "0.0.0.0"), 0)).release();
  const socket = createSocket("udp4");
  const listening = once(socket, "listening");
  socket.bind({ fd });
  await listening;
  const connected = once(socket, "connect");
  socket.connect(53, "127.0.0.11");
  await connected;
  const question = encode({ type: "query", id: 7, flags: 0x100, questions: [{ type: "A", name }] });
  const asking = setInterval(() => socket.send(question), interval);
  try {
    socket.send(question);
    const [message] = (await once(socket, "message")) as [Buffer];
    return (decode(message).answers ?? []).map((answer) => ("data" in answer ? answer.data : "")).join();
  } finally {
    clearInterval(asking);
    socket.close();
  }
}

for (const end of ["close", "kill"] as const) {
  test(`what is asked after a ${end} the next controller answers, by UDP and TCP`, async (t) => {
    const { host, web, address } = await scene(t);
    {
      await using first = await Holder.open(host.options);
      assert.equal(await look(web, "db"), address);
      await first[end]();
    }
    const asked = Promise.all([insist(web, "db"), look(web, "db", { protocol: "tcp", patience: 30_000 })]);
    // Nobody is there, and nobody is told so.
    assert.equal(await Promise.race([asked, sleep(1000, "waits")]), "waits");
    await using _second = await Holder.open(host.options);
    assert.deepEqual(await asked, [address, address]);
  });

  test(`a client is answered before and after a ${end}, and is refused by nobody in between`, async (t) => {
    const { host, web, address } = await scene(t);
    await using first = await Holder.open(host.options);
    let isOver = false;
    let longest = 0;
    const asking = (async () => {
      while (!isOver) {
        const begin = performance.now();
        assert.equal(await insist(web, "db", 20), address);
        longest = Math.max(longest, performance.now() - begin);
      }
    })();
    await first[end]();
    await host.start();
    isOver = true;
    await asking;
    assert.deepEqual(host.controller.problems, []);
    t.diagnostic(`names were dark for ${Math.round(longest)} ms at most`);
  });
}
