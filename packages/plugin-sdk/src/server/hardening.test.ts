import assert from "node:assert/strict";
import { once } from "node:events";
import { lstatSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { Transport } from "../client/index.ts";
import { temporaryDirectory, yes } from "../test-support.ts";
import { servePlugin } from "./serve.ts";
import { listenOnUnixSocket } from "./unix-socket.ts";

const plugin = { name: "test", network: yes };

async function connected(t: TestContext, path: string, text: string): Promise<Socket> {
  const socket = connect(path);
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

describe("a server among people who mean no good, or are slow", () => {
  it("ends in time although somebody is in the middle of a request", async (t) => {
    const path = join(temporaryDirectory(t), "test.sock");
    const server = await servePlugin(plugin, { socket: path, grace: 100 });
    const head = "POST /NetworkDriver.Leave HTTP/1.1\r\nHost: x\r\n";
    const half = await connected(t, path, `${head}Content-Length: 100\r\n\r\n{"Net`);
    await connected(t, path, head);
    const gone = once(half, "close");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const started = performance.now();
    await server.close();
    assert.ok(performance.now() - started < 5000, "it did not wait for the rest");
    await gone;
  });

  it("tells those that it ends before it cuts them off", async (t) => {
    const path = join(temporaryDirectory(t), "test.sock");
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const network = {
      ...yes,
      leave: () => {
        resolve();
        return new Promise<never>(() => {});
      },
    };
    const server = await servePlugin({ name: "test", network }, { socket: path, grace: 50 });
    using transport = new Transport({ kind: "unix", path });
    const body = '{"NetworkID":"n","EndpointID":"e"}';
    const answer = transport.exchange({ path: "/NetworkDriver.Leave", body, limit: 1000, timeout: 5000 });
    await begun;
    await server.close();
    assert.deepEqual(JSON.parse((await answer).text), { Err: "test is ending" });
  });

  it("takes no calls of browsers", async (t) => {
    let made = 0;
    const network = {
      ...yes,
      createNetwork: () => {
        made++;
      },
    };
    const server = await servePlugin({ name: "test", network }, { tcp: {} });
    t.after(() => server.close());
    const port = Number(new URL(server.url).port);
    using transport = new Transport({ kind: "tcp", host: "127.0.0.1", port });
    const call = {
      path: "/NetworkDriver.CreateNetwork",
      body: '{"NetworkID":"n"}',
      limit: 1000,
      timeout: 5000,
    };
    for (const headers of [
      { Origin: "http://evil.example" },
      { Origin: "null" },
      { "Sec-Fetch-Site": "none" },
    ]) {
      const { status } = await transport.exchange({
        ...call,
        headers: { ...headers, "Content-Type": "text/plain" },
      });
      assert.equal(status, 403);
    }
    assert.equal(made, 0);
    assert.equal((await transport.exchange(call)).status, 200);
    assert.equal(made, 1);
  });

  it("listens to other machines with certificates only", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "127.example"])
      await assert.rejects(servePlugin(plugin, { tcp: { host } }), { code: "tcp_needs_tls", detail: host });
    for (const host of ["127.0.0.1", "localhost"])
      await (await servePlugin(plugin, { tcp: { host } })).close();
  });

  it("has a socket that is nobody else's from its first moment on", async (t) => {
    const directory = temporaryDirectory(t);
    const server = createServer();
    const modes: number[] = [];
    const listen = server.listen.bind(server) as (path: string) => typeof server;
    // What is seen right after bind(2), before any other mode is set.
    server.listen = ((path: string) => {
      const result = listen(path);
      modes.push(lstatSync(path).mode & 0o777);
      return result;
    }) as typeof server.listen;
    const umask = process.umask(0);
    try {
      const remove = await listenOnUnixSocket(server, join(directory, "test.sock"), 0o660);
      assert.deepEqual(modes, [0o600]);
      assert.equal(lstatSync(join(directory, "test.sock")).mode & 0o777, 0o660);
      assert.equal(process.umask(), 0, "the process's own is as it was");
      remove();
    } finally {
      process.umask(umask);
      server.close();
    }
    assert.deepEqual(readdirSync(directory), []);
  });

  it("follows no link that lies in its socket's place", async (t) => {
    const directory = temporaryDirectory(t);
    const target = join(directory, "precious");
    writeFileSync(target, "mine");
    const path = join(directory, "test.sock");
    symlinkSync(target, path);
    await assert.rejects(servePlugin(plugin, { socket: path }), { code: "socket_path_taken" });
    assert.ok(lstatSync(path).isSymbolicLink());
  });

  it("goes on after a megabyte of brackets", async (t) => {
    const path = join(temporaryDirectory(t), "test.sock");
    const server = await servePlugin(plugin, { socket: path, bodyLimit: 4 * 1024 * 1024 });
    t.after(() => server.close());
    using transport = new Transport({ kind: "unix", path });
    const deep = `${"[".repeat(1024 * 1024)}${"]".repeat(1024 * 1024)}`;
    const body = `{"NetworkID":"n","EndpointID":"e","Options":{"x":${deep}}}`;
    const exchange = { path: "/NetworkDriver.CreateEndpoint", limit: 10_000, timeout: 10_000 };
    const refused = await transport.exchange({ ...exchange, body });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /^\{"Err":"NetworkDriver\.CreateEndpoint: Options\.x has more than 64 levels/);
    const after = await transport.exchange({ ...exchange, body: '{"NetworkID":"n","EndpointID":"e"}' });
    assert.equal(after.status, 200);
  });
});
