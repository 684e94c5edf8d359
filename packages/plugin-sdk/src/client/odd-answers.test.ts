import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { at, temporaryDirectory } from "../test-support.ts";
import { answering, call, ids } from "./client-test-support.ts";
import { PluginClient } from "./plugin-client.ts";
import { RemoteIpam } from "./remote-ipam.ts";
import { RemoteNetworkDriver } from "./remote-network-driver.ts";

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

  it("a kind, a scope, a pool and an address of a megabyte are told in part, too", async (t) => {
    const long = "x".repeat(1_000_000);
    const pool = (more: object) => JSON.stringify({ PoolID: "p", Pool: "10.0.0.0/8", ...more });
    const cases: readonly (readonly [string, string, (client: PluginClient) => Promise<unknown>])[] = [
      ["Plugin.Activate", JSON.stringify({ Implements: [long] }), (client) => client.callDriver(call, ids)],
      [
        "NetworkDriver.GetCapabilities",
        JSON.stringify({ Scope: long }),
        (client) => new RemoteNetworkDriver(client).capabilities(),
      ],
      ["IpamDriver.RequestPool", pool({ Pool: long }), (client) => new RemoteIpam(client).requestPool({})],
      [
        "IpamDriver.RequestPool",
        pool({ Data: { "com.docker.network.gateway": long } }),
        (client) => new RemoteIpam(client).requestPool({}),
      ],
      [
        "IpamDriver.RequestAddress",
        JSON.stringify({ Address: long }),
        (client) => new RemoteIpam(client).requestAddress({ PoolID: "p" }),
      ],
    ];
    for (const [method, body, ask] of cases) {
      const { client } = await answering(t, { [method]: body });
      await assert.rejects(ask(client), (error: Error) => {
        assert.match(error.message, /x{200}\.\.\./, method);
        assert.ok(error.message.length < 1000, method);
        return true;
      });
    }
  });

  it("an error that would move a terminal's cursor, begin a line or turn its text around is told with escapes", async (t) => {
    const body = JSON.stringify({ Err: "a\u001b[2J\u009b31m\u202egnp.\u2066\u2028b\nc\td" });
    const client = await sending(
      t,
      `HTTP/1.1 500 No\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    const told = "a\\u001b[2J\\u009b31m\\u202egnp.\\u2066\\u2028b\\nc\\td";
    await assert.rejects(client.call(call, ids), (error: Error) => {
      assert.equal(error.message, `remote: ${told}`);
      assert.doesNotMatch(String(error.cause), /[\p{Cc}\p{Bidi_Control}]/u);
      return true;
    });
  });

  it("300,000 lists in each other in a Value are refused, and 64, or 300,000 beside each other, are not", async (t) => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    for (const [lists, code] of [
      [nested(300_000), "plugin_answer_invalid"],
      [nested(65), "plugin_answer_invalid"],
      [nested(64), undefined],
      [`[${"[],".repeat(300_000)}[]]`, undefined],
    ] as const) {
      const body = `{"Value":{"a":${lists}}}`;
      const { client } = await answering(t, {
        "NetworkDriver.GetCapabilities": '{"Scope":"local"}',
        "NetworkDriver.EndpointOperInfo": body,
      });
      const driver = new RemoteNetworkDriver(client);
      const answer = driver.endpointOperInfo(ids);
      if (code === undefined) assert.equal(JSON.stringify(await answer).length, body.length);
      else await assert.rejects(answer, { code, message: /Value\.a has more than 64 levels/ });
    }
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
