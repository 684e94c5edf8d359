// What whoever is root in a container can do to the names of the others: nothing.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NftContext } from "@causeway/kernel";
import { ask, attached, look } from "../support/dns-asker.ts";
import { dnsHost } from "../support/dns-scene.ts";
import { DnsServer } from "../support/dns-server.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";

const hostServer = "127.0.0.2";

/** `evil` and `good`, in networks of their own, whose names others are asked for by the host. */
async function scene(t: TestContext, react: Parameters<typeof DnsServer.start>[1]) {
  const { host } = await dnsHost(t, `nameserver ${hostServer}\n`);
  const { controller } = host;
  const upstream = await DnsServer.start(host.namespace, react, { address: hostServer });
  const [evil, good] = [await attached(controller, "evil", "n"), await attached(controller, "good", "m")];
  return { controller, evil, good, upstream };
}

const oneAddress = (name: string) => [{ name, type: "A", data: "192.0.2.1", ttl: 60 }] as const;

test("who lets no answer in keeps none from others that wait for the same", async (t) => {
  const { evil, good, upstream } = await scene(t, ({ name }) => ({ after: 500, answer: oneAddress(name) }));
  await using _ = upstream;
  using namespace = namespaceOf(evil);
  using nft = new NftContext(namespace);
  nft.run("add table ip deaf; add chain ip deaf out { type filter hook output priority 0; }");
  nft.run("add rule ip deaf out udp sport { 53, 61053 } drop");
  const first = ask(evil, "www.example.org", { patience: 1500 });
  await sleep(200);
  assert.equal(await look(good, "www.example.org", { patience: 2000 }), "192.0.2.1");
  assert.equal(await first, undefined);
  assert.equal(upstream.asked.length, 1);
});

/** Fills connections with what may come by them, and reads nothing, until it is killed. */
const filler = `
import select, socket, sys
piece = bytes.fromhex(sys.argv[1]) * 5000
sockets = {}
for _ in range(200):
    made = socket.create_connection(("127.0.0.11", 53))
    made.setblocking(False)
    sockets[made] = b""
print("filling", flush=True)
while sockets:
    for made in select.select([], list(sockets), [])[1]:
        left = sockets[made] or piece
        try:
            sockets[made] = left[made.send(left):]
        except BlockingIOError:
            pass
        except OSError:
            del sockets[made]
`;

const frames = {
  "nothing in them": Buffer.of(0, 0),
  "questions in them": Buffer.from("00140001010000010000000000000264620000010001", "hex"),
};

for (const [what, frame] of Object.entries(frames))
  test(`who fills many connections with messages that have ${what} stops nobody else`, async (t) => {
    const { controller, evil, good, upstream } = await scene(t, () => 3);
    await using _ = upstream;
    await attached(controller, "db", "n", "m");
    using namespace = namespaceOf(evil);
    const child = namespace.spawn("python3", ["-c", filler, frame.toString("hex")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    t.after(async () => {
      child.kill("SIGKILL");
      await exited;
    });
    if (child.stdout !== null) await once(child.stdout, "data");
    await sleep(500);
    let slowest = 0;
    for (let round = 0; round < 60; round++) {
      const began = performance.now();
      assert.notEqual(await look(good, "db", { patience: 5000 }), "nobody answers");
      slowest = Math.max(slowest, performance.now() - began);
      await sleep(20);
    }
    t.diagnostic(`the slowest answer took ${slowest.toFixed(0)} ms`);
    assert.ok(slowest < 500, `${slowest} ms`);
  });

/** Destroys the listening socket whenever there is one: SOCK_DESTROY of linux/sock_diag.h. */
const destroyer = `
import socket, struct, time
diag = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
name = struct.pack(">HH", 61053, 0) + bytes([127, 0, 0, 11]) + bytes(28) + struct.pack("<III", 0, 2**32 - 1, 2**32 - 1)
body = struct.pack("<BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 2**32 - 1) + name
destroyed = 0
end = time.time() + 1.5
while time.time() < end:
    diag.send(struct.pack("<IHHII", 16 + len(body), 21, 5, 1, 0) + body)
    destroyed += struct.unpack_from("<i", diag.recv(4096), 16)[0] == 0
print(destroyed)
`;

test("who destroys the socket over and over does not have it opened as often", async (t) => {
  const { evil, upstream } = await scene(t, () => 3);
  await using _ = upstream;
  using namespace = namespaceOf(evil);
  const child = namespace.spawn("python3", ["-c", destroyer], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout?.on("data", (data) => {
    output += data;
  });
  await once(child, "close");
  const destroyed = Number(output);
  assert.ok(destroyed > 0 && destroyed <= 10, `destroyed ${destroyed} times`);
  await eventually(async () => {
    assert.equal(await look(evil, "evil", { protocol: "tcp" }), await look(evil, "evil"));
  });
});
