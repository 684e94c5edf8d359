import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { at, temporaryDirectory } from "../test-support.ts";
import { call, ids } from "./client-test-support.ts";
import { PluginClient } from "./plugin-client.ts";

/** A plugin that sends these bytes for an answer, and keeps the connection. */
async function sending(t: TestContext, answer: string): Promise<PluginClient> {
  const path = join(temporaryDirectory(t), "raw.sock");
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(answer));
    t.after(() => socket.destroy());
  }).listen(path);
  await once(server, "listening");
  t.after(() => server.close());
  const client = new PluginClient(at(path), { patience: 0, timeout: 2000 });
  t.after(() => client[Symbol.dispose]());
  return client;
}

describe("an answer that is hardly HTTP", () => {
  it("101 Switching Protocols ends the call", { timeout: 10_000 }, async (t) => {
    const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";
    const client = await sending(t, answer);
    await assert.rejects(client.call(call, ids), { code: "plugin_unreachable", message: /101/ });
  });

  it("an error of a megabyte is told in part", async (t) => {
    const body = JSON.stringify({ Err: "no".repeat(450_000) });
    const client = await sending(t, `HTTP/1.1 500 No\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await assert.rejects(client.call(call, ids), (error: Error) => {
      assert.match(error.message, /^remote: (no){2048}\.\.\.$/);
      return true;
    });
  });

  it("a second answer that nobody asked for is nobody's", async (t) => {
    const evil = '{"Scope":"evil"}';
    const client = await sending(
      t,
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: ${evil.length}\r\n\r\n${evil}`,
    );
    await client.call(call, ids);
    const { Scope } = await client.call("NetworkDriver.GetCapabilities", {});
    assert.equal(Scope, "");
  });
});
