import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { listenForScrapes } from "./listener.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

test("whoever leaves answers unread keeps nobody from looking", async () => {
  const port = await freePort();
  const metrics = {
    contentType: "text/plain; version=0.0.4; charset=utf-8" as const,
    text: async () => "x".repeat(16 << 20),
  };
  await using _ = await listenForScrapes(metrics, { host: "127.0.0.1", port }, 300);
  const idlers = Array.from({ length: 16 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  try {
    for (const idler of idlers) {
      await once(idler, "connect");
      idler.pause().write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    const deadline = Date.now() + 20_000;
    const look = () => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
    let text: string | undefined;
    while (text === undefined && Date.now() < deadline) text = await look().catch(() => undefined);
    assert.equal(text?.length, 16 << 20);
  } finally {
    for (const idler of idlers) idler.destroy();
  }
});
