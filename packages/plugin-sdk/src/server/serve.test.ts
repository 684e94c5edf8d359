import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { Transport } from "../client/index.ts";
import { sameForAll, temporaryDirectory, yes } from "../test-support.ts";
import type { EndedCall } from "./dispatch.ts";
import type { PluginDefinition } from "./handlers.ts";
import { type ServeOptions, servePlugin } from "./serve.ts";

async function served(t: TestContext, plugin: Partial<PluginDefinition>, options: ServeOptions = {}) {
  const path = join(temporaryDirectory(t), "plugins", "test.sock");
  const server = await servePlugin({ name: "test", ...plugin }, { socket: path, ...options });
  t.after(() => server.close());
  const transport = new Transport({ kind: "unix", path });
  t.after(() => transport[Symbol.dispose]());
  const ask = async (method: string, body: unknown = "", headers = {}) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await transport.exchange({
      path: `/${method}`,
      body: text,
      headers,
      limit: 1e6,
      timeout: 20_000,
    });
    return { status: answer.status, body: JSON.parse(answer.text) as unknown, headers: answer.headers };
  };
  return { path, server, ask, transport };
}

describe("a served plugin", () => {
  it("shakes hands, with what it is", async (t) => {
    const { ask } = await served(t, { network: yes, ipam: sameForAll });
    const { status, body, headers } = await ask("Plugin.Activate");
    assert.equal(status, 200);
    assert.deepEqual(body, { Implements: ["NetworkDriver", "IpamDriver"] });
    assert.equal(headers["content-type"], "application/vnd.docker.plugins.v1.2+json");
  });

  it("hands requests on whole, whatever was left out", async (t) => {
    const requests: unknown[] = [];
    const createNetwork = (request: unknown) => void requests.push(request);
    const { ask } = await served(t, { network: { ...yes, createNetwork } });
    await ask("NetworkDriver.CreateNetwork", { networkid: "n", IPv6Data: null, New: { of: "later" } });
    assert.deepEqual(requests, [{ NetworkID: "n", Options: {}, IPv4Data: [], IPv6Data: [] }]);
  });

  it("answers nothing with {}, and what is left to it by defaults", async (t) => {
    const { ask } = await served(t, { network: yes, ipam: sameForAll });
    const ids = { NetworkID: "n", EndpointID: "e" };
    const answers: [string, unknown, unknown][] = [
      ["NetworkDriver.Leave", ids, {}],
      ["NetworkDriver.GetCapabilities", "", { Scope: "local", ConnectivityScope: "local" }],
      ["NetworkDriver.EndpointOperInfo", ids, { Value: {} }],
      [
        "NetworkDriver.DiscoverNew",
        { DiscoveryType: 1, DiscoveryData: { Address: "10.0.0.1", self: true } },
        {},
      ],
      ["IpamDriver.GetCapabilities", "null", { RequiresMACAddress: false, RequiresRequestReplay: false }],
    ];
    for (const [method, request, body] of answers)
      assert.deepEqual((await ask(method, request)).body, body, method);
  });

  it("says what a handler threw, as the driver's kind of error", async (t) => {
    const fail = () => Promise.reject(new Error("no room"));
    const { ask } = await served(t, {
      network: { ...yes, join: fail },
      ipam: { ...sameForAll, requestPool: fail },
    });
    const joined = await ask("NetworkDriver.Join", { NetworkID: "n", EndpointID: "e" });
    assert.deepEqual([joined.status, joined.body], [200, { Err: "no room" }]);
    assert.deepEqual((await ask("IpamDriver.RequestPool", {})).body, { Error: "no room" });
  });

  it("refuses what is no request", async (t) => {
    const { ask, transport } = await served(t, { network: yes, ipam: sameForAll }, { bodyLimit: 1000 });
    const refusals: [string, unknown, number, RegExp][] = [
      ["NetworkDriver.Fly", {}, 404, /test does not know the method "NetworkDriver.Fly"/],
      ["NetworkDriver.AllocateNetwork", { NetworkID: "n" }, 404, /does not know/],
      ["", {}, 404, /does not know/],
      ["VolumeDriver.Get", {}, 404, /does not know/],
      ["NetworkDriver.CreateNetwork", "{", 400, /"Err":"NetworkDriver.CreateNetwork: the body is not JSON/],
      ["NetworkDriver.CreateNetwork", "", 400, /NetworkID is missing/],
      ["NetworkDriver.CreateNetwork", { NetworkID: 1 }, 400, /NetworkID is a number/],
      ["IpamDriver.ReleasePool", {}, 400, /"Error":"IpamDriver.ReleasePool: PoolID is missing/],
      ["NetworkDriver.CreateNetwork", `"${"x".repeat(2000)}"`, 413, /larger than the 1000 bytes/],
    ];
    for (const [method, request, status, message] of refusals) {
      const answer = await ask(method, request);
      assert.equal(answer.status, status, method);
      assert.match(JSON.stringify(answer.body).replaceAll('\\"', '"'), message);
    }
    const got = await transport.exchange({
      path: "/Plugin.Activate",
      method: "GET",
      body: "",
      limit: 1000,
      timeout: 20_000,
    });
    assert.equal(got.status, 405);
  });

  it("tells who sends megabytes, too, and goes on", async (t) => {
    const { ask } = await served(t, { network: yes });
    const { status } = await ask("NetworkDriver.CreateNetwork", `"${"x".repeat(10_000_000)}"`);
    assert.equal(status, 413);
    // Beyond, the connection may end before the answer is read.
    await ask("NetworkDriver.CreateNetwork", `"${"x".repeat(30_000_000)}"`).catch(() => {});
    assert.equal((await ask("Plugin.Activate")).status, 200);
  });

  it("reads as many bytes as it may, and hangs up on who never ends", async (t) => {
    const { ask, path } = await served(t, { network: yes }, { bodyLimit: 1000 });
    const body = '{"NetworkID":"n"}'.padEnd(1000);
    assert.equal((await ask("NetworkDriver.CreateNetwork", body)).status, 200);
    assert.equal((await ask("NetworkDriver.CreateNetwork", `${body} `)).status, 413);
    const endless = connect(path);
    endless.on("error", () => {});
    endless.resume();
    endless.write(
      "POST /NetworkDriver.CreateNetwork HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n",
    );
    const chunk = Buffer.alloc(64 * 1024, " ");
    let sent = 0;
    const closed = new Promise((resolve) => endless.once("close", resolve));
    const more = () => {
      while (sent < 50_000_000 && !endless.destroyed) {
        sent += chunk.length;
        if (!endless.write(chunk)) return void endless.once("drain", more);
      }
      endless.destroy();
    };
    more();
    await closed;
    assert.ok(sent < 50_000_000, "it read on");
  });

  it("calls methods of a class, understands a query, and says that what failed without words failed", async (t) => {
    class Driver {
      readonly #left: string[] = [];
      leave({ EndpointID }: { readonly EndpointID: string }) {
        this.#left.push(EndpointID);
      }
      endpointOperInfo() {
        return { Value: { left: this.#left } };
      }
      join(): never {
        throw new Error();
      }
    }
    const driver = new Driver();
    const network = Object.assign(driver, {
      createNetwork() {},
      deleteNetwork() {},
      createEndpoint: () => ({}),
      deleteEndpoint() {},
    });
    const { ask } = await served(t, { network });
    const ids = { NetworkID: "n", EndpointID: "e" };
    assert.deepEqual((await ask("NetworkDriver.Leave?x=/y", ids)).body, {});
    assert.deepEqual((await ask("NetworkDriver.EndpointOperInfo", ids)).body, { Value: { left: ["e"] } });
    assert.deepEqual((await ask("NetworkDriver.Join", ids)).body, { Err: "NetworkDriver.Join failed" });
  });

  it("says so when a handler's answer is wrong", async (t) => {
    const wrong = { ...yes, join: () => ({ Gateway: 5 }) as unknown as { Gateway: string } };
    const { ask } = await served(t, { network: wrong });
    const { body } = await ask("NetworkDriver.Join", { NetworkID: "n", EndpointID: "e" });
    assert.deepEqual(body, {
      Err: "NetworkDriver.Join: the handler's answer is wrong: Gateway is a number, and a string is wanted",
    });
    const Value: Record<string, unknown> = {};
    Value.itself = Value;
    const circular = await served(t, { network: { ...yes, endpointOperInfo: () => ({ Value }) } });
    const answer = await circular.ask("NetworkDriver.EndpointOperInfo", { NetworkID: "n", EndpointID: "e" });
    assert.match(JSON.stringify(answer.body), /^\{"Err":".* Value\.itself has more than 64 levels/);
  });

  it("waits no longer than it may, and aborts the handler", async (t) => {
    const ended = Promise.withResolvers<unknown>();
    const { ask } = await served(
      t,
      {
        network: {
          ...yes,
          join: (_, { signal }) => {
            signal.addEventListener("abort", () => ended.resolve(signal.reason));
            return new Promise(() => {});
          },
        },
      },
      { timeout: 20 },
    );
    const { body } = await ask("NetworkDriver.Join", { NetworkID: "n", EndpointID: "e" });
    assert.deepEqual(body, { Err: "NetworkDriver.Join took longer than 0.02 s" });
    assert.equal(((await ended.promise) as { code: string }).code, "handler_timeout");
  });

  it("aborts the handler when the caller hangs up", async (t) => {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    const calls: EndedCall[] = [];
    const { transport, server } = await served(
      t,
      {
        network: {
          ...yes,
          createEndpoint: (_, { signal }) => {
            signal.addEventListener("abort", () => ended.resolve(signal.reason));
            started.resolve();
            return new Promise(() => {});
          },
        },
      },
      { onCall: (call) => calls.push(call) },
    );
    const giveUp = new AbortController();
    const call = transport.exchange({
      path: "/NetworkDriver.CreateEndpoint",
      body: `{"NetworkID":"n","EndpointID":"e"}`,
      limit: 1000,
      timeout: 20_000,
      signal: giveUp.signal,
    });
    await started.promise;
    giveUp.abort();
    await assert.rejects(call, { code: "plugin_call_aborted" });
    assert.equal(((await ended.promise) as { code: string }).code, "plugin_call_aborted");
    await server.close();
    assert.deepEqual(
      calls.map(({ method, plugin }) => [plugin, method]),
      [["test", "NetworkDriver.CreateEndpoint"]],
    );
  });

  it("answers what it has begun before it ends, and aborts what takes too long", async (t) => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const slow = async () => {
      started.resolve();
      await gate.promise;
    };
    const { ask, server, path } = await served(t, { network: { ...yes, leave: slow } });
    const call = ask("NetworkDriver.Leave", { NetworkID: "n", EndpointID: "e" });
    await started.promise;
    const closed = server.close();
    assert.equal(existsSync(path), false);
    gate.resolve();
    assert.deepEqual((await call).body, {});
    await closed;

    const hanging = await served(
      t,
      { network: { ...yes, leave: () => new Promise<void>(() => {}) } },
      { grace: 10 },
    );
    const answer = hanging.ask("NetworkDriver.Leave", { NetworkID: "n", EndpointID: "e" });
    await assert.doesNotReject(hanging.ask("Plugin.Activate"));
    await hanging.server.close();
    assert.deepEqual((await answer).body, { Err: "test is ending" });
  });
});

describe("where a plugin listens", () => {
  const plugin = { name: "test", network: yes };

  it("makes the directory, and a socket for root alone or as it is told", async (t) => {
    const { path } = await served(t, { network: yes });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const wider = await served(t, { network: yes }, { mode: 0o660 });
    assert.equal(statSync(wider.path).mode & 0o777, 0o660);
  });

  it("takes a stale socket's place, never that of a process or of a file", async (t) => {
    const path = join(temporaryDirectory(t), "test.sock");
    const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", script]), "exit");
    assert.ok(statSync(path).isSocket());
    const first = await servePlugin(plugin, { socket: path });
    await assert.rejects(servePlugin(plugin, { socket: path }), { code: "socket_in_use" });
    await first.close();
    assert.equal(existsSync(path), false);
    writeFileSync(path, "");
    await assert.rejects(servePlugin(plugin, { socket: path }), { code: "socket_path_taken" });
    await assert.rejects(servePlugin(plugin, { socket: `/tmp/${"x".repeat(120)}.sock` }), {
      code: "socket_path_too_long",
    });
    await assert.rejects(servePlugin({ name: "a/b" }), { code: "plugin_name_invalid" });
  });

  it("takes paths as long as the kernel does", async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "x".repeat(107 - directory.length - 1));
    await (await servePlugin(plugin, { socket: path })).close();
    await assert.rejects(servePlugin(plugin, { socket: `${path}x` }), { code: "socket_path_too_long" });
  });

  it("does not take away what somebody else has put in the place of its socket and its .spec", async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "test.sock");
    const server = await servePlugin(plugin, { socket: path, spec: directory });
    renameSync(path, `${path}.aside`);
    writeFileSync(path, "theirs");
    writeFileSync(join(directory, "test.spec"), "unix:///theirs\n");
    await server.close();
    assert.equal(readFileSync(path, "utf8"), "theirs");
    assert.equal(readFileSync(join(directory, "test.spec"), "utf8"), "unix:///theirs\n");
  });

  it("writes a .spec that leads to it, and takes it away", async (t) => {
    const spec = temporaryDirectory(t);
    const server = await servePlugin(plugin, { tcp: {}, spec });
    const text = readFileSync(join(spec, "test.spec"), "utf8");
    assert.match(text, /^tcp:\/\/127\.0\.0\.1:\d+\n$/);
    assert.equal(text.trim(), server.url);
    const transport = new Transport({
      kind: "tcp",
      host: "127.0.0.1",
      port: Number(new URL(server.url).port),
    });
    const { status } = await transport.exchange({
      path: "/Plugin.Activate",
      body: "",
      limit: 1000,
      timeout: 20_000,
    });
    assert.equal(status, 200);
    transport[Symbol.dispose]();
    await server.close();
    assert.equal(existsSync(join(spec, "test.spec")), false);
  });

  it("lets go when the .spec cannot be written", async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "test.sock");
    writeFileSync(join(directory, "file"), "");
    await assert.rejects(servePlugin(plugin, { socket: path, spec: join(directory, "file", "below") }));
    assert.equal(existsSync(path), false);
  });

  it("serves several plugins in one process", async (t) => {
    const one = await served(t, { name: "one", network: yes });
    const two = await served(t, { name: "two", ipam: sameForAll });
    assert.deepEqual((await one.ask("Plugin.Activate")).body, { Implements: ["NetworkDriver"] });
    assert.deepEqual((await two.ask("Plugin.Activate")).body, { Implements: ["IpamDriver"] });
    assert.equal((await two.ask("NetworkDriver.GetCapabilities")).status, 404);
  });

  it("listens on what systemd has opened, and leaves that socket in its place", async (t) => {
    const path = join(temporaryDirectory(t), "given.sock");
    const opened = createServer().listen(`${path}.first`);
    await once(opened, "listening");
    // Closing takes the socket's first name away; it stays under this one, open in the child alone.
    renameSync(`${path}.first`, path);
    const { _handle: handle } = opened as unknown as { readonly _handle: { readonly fd: number } };
    const program = `
      import { servePlugin } from ${JSON.stringify(join(import.meta.dirname, "../index.ts"))};
      const nothing = () => {};
      const network = { createNetwork: nothing, deleteNetwork: nothing, createEndpoint: () => ({}), deleteEndpoint: nothing, join: () => ({}), leave: nothing };
      await using server = await servePlugin({ name: "given", network });
      const ended = server.untilSignal();
      process.stdout.write(server.url);
      await ended;`;
    const script = 'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=given.socket; exec "$@"';
    const command = ["sh", process.execPath, "--input-type=module-typescript", "-e", program];
    const child = spawn("sh", ["-c", script, ...command], {
      stdio: ["ignore", "pipe", "inherit", handle.fd],
    });
    t.after(() => child.kill("SIGKILL"));
    const { stdout } = child;
    assert.ok(stdout);
    const [said] = (await once(stdout, "data")) as [Buffer];
    assert.equal(said.toString(), "fd://3");
    opened.close();
    using transport = new Transport({ kind: "unix", path });
    const answer = await transport.exchange({
      path: "/Plugin.Activate",
      body: "",
      limit: 1000,
      timeout: 20_000,
    });
    assert.equal(answer.text, '{"Implements":["NetworkDriver"]}\n');
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
    assert.ok(existsSync(path));
  });

  it("refuses to listen elsewhere where systemd's socket is required", async () => {
    await assert.rejects(servePlugin(plugin, { activation: "required" }), { code: "socket_not_handed_over" });
  });
});
