import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { servePlugin } from "../server/index.ts";
import { at, sameForAll, somebody, temporaryDirectory, yes } from "../test-support.ts";
import { answering, call, ids, quickClock } from "./client-test-support.ts";
import { PluginClient } from "./plugin-client.ts";
import { RemoteIpam } from "./remote-ipam.ts";
import { RemoteNetworkDriver } from "./remote-network-driver.ts";
import type { Clock } from "./retry.ts";

describe("calling a plugin", () => {
  it("says what dockerd says, over one connection", async (t) => {
    const heard: { headers: IncomingMessage["headers"]; body: string; port: unknown }[] = [];
    const plugin = await somebody(t, async (request, response) => {
      const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
      heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), port: request.socket });
      response.end(request.url === "/Plugin.Activate" ? '{"Implements":["NetworkDriver"]}' : "{}");
    });
    using client = new PluginClient(plugin);
    await client.activate();
    await client.callDriver(call, { ...ids });
    const [handshake, leave] = heard;
    assert.deepEqual(handshake?.headers, {
      host: "plugin.moby.localhost",
      "user-agent": "causeway-plugin-sdk",
      accept: "application/vnd.docker.plugins.v1.2+json",
      "content-length": "0",
      connection: "keep-alive",
    });
    assert.equal(leave?.body, '{"NetworkID":"n","EndpointID":"e"}\n');
    assert.equal(heard.length, 2, "the handshake is done once");
    assert.equal(leave?.port, handshake?.port);
  });

  it("sends options as they are", async (t) => {
    const bodies: unknown[] = [];
    const plugin = await somebody(t, async (request, response) => {
      bodies.push(
        JSON.parse(Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString()),
      );
      response.end('{"Address":"10.77.0.10/24"}');
    });
    using client = new PluginClient(plugin);
    const request = { PoolID: "p", Address: "", Options: null };
    await client.call("IpamDriver.RequestAddress", request);
    const Options = { mac: "AhEiM0RV", ports: [{ Proto: 17, Port: 82 }], none: null };
    await client.call("NetworkDriver.Join", { ...ids, Options });
    assert.deepEqual(bodies, [request, { ...ids, Options }]);
  });

  it("takes null, {}, fields in any case and any content type for an answer", async (t) => {
    for (const body of ["null", "{}", ' {"err":""}\n', '{"unknown":[1]}']) {
      const { client } = await answering(t, {
        [call]: (_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(body),
      });
      assert.deepEqual(await client.callDriver(call, ids), {}, body);
    }
  });

  it("tells what the plugin says as remote, whatever the status and the field", async (t) => {
    const failures: [number, string, string, string][] = [
      [200, '{"Err":"mock says no"}', "plugin_refused", "remote: mock says no"],
      [200, '{"Error":"mock says no"}', "plugin_refused", "remote: mock says no"],
      [500, '{"Err":"no room"}', "plugin_refused", "remote: no room"],
      [502, "bad gateway", "plugin_refused", "remote: NetworkDriver.Leave: 502: bad gateway"],
      [404, "404 page not found", "plugin_method_unknown", "remote: test does not know NetworkDriver.Leave"],
    ];
    for (const [status, body, code, message] of failures) {
      const { client, calls } = await answering(t, {
        [call]: (_, response) => response.writeHead(status).end(body),
      });
      const error: unknown = await client.callDriver(call, ids).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof Error && "code" in error);
      assert.deepEqual([error.code, error.message], [code, message]);
      assert.ok(error.cause instanceof Error);
      assert.deepEqual(calls, ["Plugin.Activate", call], "an answer is not asked for again");
    }
  });

  it("says what it got where that is no answer", async (t) => {
    const junk: [string, RegExp][] = [
      ["<html>", /answered NetworkDriver.Join with what cannot be read: it is not JSON: <html>$/],
      ["", /it is empty/],
      ["[]", /the body is a list, and an object is wanted: \[\]$/],
      [
        '{"StaticRoutes":[{"RouteType":"0"}]}',
        /StaticRoutes\[0\].RouteType is a string, and an integer is wanted/,
      ],
      [`{"Gateway":5,"x":"${"y".repeat(1000)}"}`, /y\.\.\.$/],
    ];
    for (const [body, message] of junk) {
      const { client } = await answering(t, { "NetworkDriver.Join": body });
      await assert.rejects(client.callDriver("NetworkDriver.Join", ids), {
        code: "plugin_answer_invalid",
        message,
      });
    }
  });

  it("cuts off an answer of 10 MB", async (t) => {
    let sent = 0;
    const { client } = await answering(t, {
      [call]: (_, response) => {
        const chunk = Buffer.alloc(64 * 1024, " ");
        const more = () => {
          while (sent < 10_000_000 && !response.destroyed) {
            sent += chunk.length;
            if (!response.write(chunk)) return void response.once("drain", more);
          }
          response.end("{}");
        };
        more();
      },
    });
    await assert.rejects(client.callDriver(call, ids), {
      code: "plugin_answer_too_large",
      message: /NetworkDriver.Leave: the answer is larger than 1048576 bytes: cut off$/,
    });
    assert.ok(sent < 10_000_000);
  });

  it("waits for a plugin that comes late: 1, 2, 4 s", async (t) => {
    const path = join(temporaryDirectory(t), "late.sock");
    const { clock, waits } = quickClock();
    const comes: Clock = {
      now: clock.now,
      sleep: async (milliseconds, signal) => {
        await clock.sleep(milliseconds, signal);
        if (waits.length < 3) return;
        const server = await servePlugin({ name: "test", network: yes }, { socket: path });
        t.after(() => server.close());
      },
    };
    using client = new PluginClient(at(path), { clock: comes });
    assert.deepEqual(await client.activate(), ["NetworkDriver"]);
    assert.deepEqual(waits, [1, 2, 4]);
  });

  it("gives up after 15 s of waiting, as the next wait would end beyond 30", async (t) => {
    const { clock, waits } = quickClock();
    using client = new PluginClient(at(join(temporaryDirectory(t), "none.sock")), { clock });
    await assert.rejects(client.activate(), { code: "plugin_unreachable", message: /ENOENT.*none\.sock/ });
    assert.deepEqual(waits, [1, 2, 4, 8]);
    await assert.rejects(client.activate(), { code: "plugin_unreachable" });
    assert.equal(waits.length, 8, "the handshake is tried anew by the next call");
  });

  it("asks again after a broken connection only what changes nothing", async (t) => {
    const path = join(temporaryDirectory(t), "breaks.sock");
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections++;
      socket.once("data", () => socket.destroy());
    }).listen(path);
    await once(server, "listening");
    t.after(() => server.close());
    const { clock, waits } = quickClock();
    using client = new PluginClient(at(path), { clock });
    await assert.rejects(client.call(call, ids), { code: "plugin_unreachable" });
    assert.deepEqual([connections, waits], [1, []]);
    await assert.rejects(client.call("NetworkDriver.EndpointOperInfo", ids), { code: "plugin_unreachable" });
    assert.deepEqual([connections, waits], [6, [1, 2, 4, 8]]);
  });

  it("ends with the time, or when the caller gives up", async (t) => {
    const asked = Promise.withResolvers<void>();
    const { client } = await answering(t, { [call]: () => asked.resolve() });
    await assert.rejects(client.callDriver(call, ids, { timeout: 200 }), {
      code: "plugin_timeout",
      message: /NetworkDriver.Leave: no answer within 0.2 s$/,
    });
    await asked.promise;
    const giveUp = new AbortController();
    const pending = client.callDriver(call, ids, { signal: giveUp.signal });
    giveUp.abort(new Error("enough"));
    await assert.rejects(pending, { code: "plugin_call_aborted", message: /given up: enough$/ });
  });

  it("ends a wait between two attempts, too", async (t) => {
    using client = new PluginClient(at(join(temporaryDirectory(t), "none.sock")));
    const giveUp = new AbortController();
    const pending = client.call(call, ids, { signal: giveUp.signal });
    giveUp.abort(new Error("enough"));
    await assert.rejects(pending, { code: "plugin_call_aborted", message: /given up: enough$/ });
  });

  it("ends when its client is closed, which can be used again", async (t) => {
    const asked = Promise.withResolvers<void>();
    const { client } = await answering(t, {
      [call]: () => asked.resolve(),
      "NetworkDriver.DeleteEndpoint": "{}",
    });
    const pending = client.callDriver(call, ids);
    await asked.promise;
    client[Symbol.dispose]();
    await assert.rejects(pending, { code: "plugin_call_aborted", message: /the client of test was closed$/ });
    await client.callDriver("NetworkDriver.DeleteEndpoint", ids);
  });

  it("leaves no listener on a signal that lives for long", async (t) => {
    const { client } = await answering(t, { [call]: "{}" });
    const { signal } = new AbortController();
    for (let number = 0; number < 3; number++) await client.callDriver(call, ids, { signal });
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  });

  it("follows a plugin that has moved", async (t) => {
    const sockets = temporaryDirectory(t);
    const directories = { sockets, specs: [] };
    using client = new PluginClient("moving", { directories });
    const plugin = { name: "moving", network: yes };
    const first = await servePlugin(plugin, { socket: join(sockets, "moving.sock") });
    await client.callDriver(call, ids);
    await first.close();
    const second = await servePlugin(plugin, { socket: join(sockets, "moving", "moving.sock") });
    t.after(() => second.close());
    await client.callDriver("NetworkDriver.EndpointOperInfo", ids);
    await client.callDriver(call, ids);
  });

  it("refuses what the plugin is not", async (t) => {
    const { client } = await answering(t, { "Plugin.Activate": '{"Implements":["VolumeDriver"]}' });
    await assert.rejects(client.callDriver(call, ids), {
      code: "plugin_kind_missing",
      message: "test is no NetworkDriver: it implements VolumeDriver",
    });
  });

  it("is asked by several at once", async (t) => {
    const { client, calls } = await answering(t, { [call]: "{}" });
    await Promise.all(Array.from({ length: 50 }, () => client.callDriver(call, ids)));
    assert.equal(calls.filter((method) => method === "Plugin.Activate").length, 1);
    assert.equal(calls.length, 51);
  });
});

describe("a remote network driver", () => {
  const local = { "NetworkDriver.GetCapabilities": '{"Scope":"local"}' };

  it("asks nothing before it is used, and capabilities once", async (t) => {
    const { client, calls } = await answering(t, { ...local, [call]: "{}" });
    const driver = new RemoteNetworkDriver(client);
    assert.deepEqual(calls, []);
    await driver.leave(ids);
    await driver.leave(ids);
    assert.deepEqual(calls, ["Plugin.Activate", "NetworkDriver.GetCapabilities", call, call]);
    const expected = { scope: "local", connectivityScope: "local", gwAllocChecker: false };
    assert.deepEqual(await driver.capabilities(), expected);
  });

  it("refuses other scopes than local and global", async (t) => {
    for (const body of ['{"Scope":"universal"}', "{}", '{"Scope":"local","ConnectivityScope":"x"}']) {
      const { client } = await answering(t, { "NetworkDriver.GetCapabilities": body });
      await assert.rejects(new RemoteNetworkDriver(client).createNetwork({ NetworkID: "n" }), {
        code: "plugin_capability_invalid",
      });
    }
  });

  it("does without external connectivity where that is not known, and asks GwAllocCheck where it is wanted", async (t) => {
    const plain = await answering(t, local);
    const driver = new RemoteNetworkDriver(plain.client);
    await driver.programExternalConnectivity(ids);
    await driver.revokeExternalConnectivity(ids);
    assert.deepEqual(await driver.gwAllocCheck({}), { SkipIPv4: false, SkipIPv6: false });
    await assert.rejects(driver.leave(ids), { code: "plugin_method_unknown" });
    const checker = await answering(t, {
      "NetworkDriver.GetCapabilities": '{"Scope":"global","GwAllocChecker":true}',
      "NetworkDriver.GwAllocCheck": '{"SkipIPv4":true}',
    });
    const asked = await new RemoteNetworkDriver(checker.client).gwAllocCheck({});
    assert.deepEqual(asked, { SkipIPv4: true, SkipIPv6: false });
  });

  it("takes an endpoint back whose answer is wrong", async (t) => {
    const given = { Address: "10.50.0.77/24", AddressIPv6: "", MacAddress: "" };
    const wrong: [string, RegExp][] = [
      [
        '{"Address":"10.50.0.78/24"}',
        /the Address 10.50.0.78\/24, and was given 10.50.0.77\/24; rolled back/,
      ],
      ['{"Address":"10.50.0.77"}', /the Address "10.50.0.77", which is none; rolled back/],
      ['{"AddressIPv6":"10.0.0.1/8"}', /the AddressIPv6 "10.0.0.1\/8", which is none/],
      ['{"MacAddress":"02:42"}', /the MacAddress "02:42", which is none/],
    ];
    for (const [body, message] of wrong) {
      const { client, calls } = await answering(t, {
        ...local,
        "NetworkDriver.CreateEndpoint": `{"Interface":${body}}`,
        "NetworkDriver.DeleteEndpoint": "{}",
      });
      const driver = new RemoteNetworkDriver(client);
      const error = { code: "plugin_answer_invalid", message };
      await assert.rejects(driver.createEndpoint({ ...ids, Interface: given }), error);
      assert.deepEqual(calls.slice(2), ["NetworkDriver.CreateEndpoint", "NetworkDriver.DeleteEndpoint"]);
    }
    const { client } = await answering(t, {
      ...local,
      "NetworkDriver.CreateEndpoint": '{"Interface":{"MacAddress":"02:42:aa:bb:cc:01"}}',
    });
    const { Interface } = await new RemoteNetworkDriver(client).createEndpoint({ ...ids, Interface: given });
    assert.equal(Interface?.MacAddress, "02:42:aa:bb:cc:01");
  });

  it("leaves again after a join whose answer is wrong, and says when that fails", async (t) => {
    const wrong = [
      '{"Gateway":"10.50.0.1/24"}',
      '{"GatewayIPv6":"?"}',
      '{"StaticRoutes":[{"Destination":"10.0.0.1","RouteType":1}]}',
      '{"StaticRoutes":[{"Destination":"10.0.0.0/8","RouteType":2}]}',
      '{"StaticRoutes":[{"Destination":"10.0.0.0/8","RouteType":0,"NextHop":""}]}',
    ];
    for (const body of wrong) {
      const { client, calls } = await answering(t, {
        ...local,
        "NetworkDriver.Join": body,
        [call]: '{"Err":"no"}',
      });
      await assert.rejects(new RemoteNetworkDriver(client).join(ids), {
        code: "plugin_answer_invalid",
        message: /failed to roll back: remote: no$/,
      });
      assert.deepEqual(calls.slice(2), ["NetworkDriver.Join", call]);
    }
  });
});

describe("a remote IPAM", () => {
  it("needs not have capabilities", async (t) => {
    const { client } = await answering(t, { "IpamDriver.ReleasePool": "{}" });
    const ipam = new RemoteIpam(client);
    await ipam.releasePool({ PoolID: "p" });
    const expected = { requiresMacAddress: false, requiresRequestReplay: false };
    assert.deepEqual(await ipam.capabilities(), expected);
  });

  it("hands out what the plugin gives", async (t) => {
    const path = join(temporaryDirectory(t), "ipam.sock");
    const server = await servePlugin({ name: "test", ipam: sameForAll }, { socket: path });
    t.after(() => server.close());
    using client = new PluginClient(at(path));
    const ipam = new RemoteIpam(client);
    const spaces = { LocalDefaultAddressSpace: "local", GlobalDefaultAddressSpace: "global" };
    assert.deepEqual(await ipam.defaultAddressSpaces(), spaces);
    const pool = await ipam.requestPool({ AddressSpace: "local", Pool: "10.8.0.0/16" });
    assert.deepEqual(pool, { PoolID: "one", Pool: "10.8.0.0/16", Data: {} });
    const { Address } = await ipam.requestAddress({ PoolID: "one" });
    assert.equal(Address, "10.9.0.2/24");
    await ipam.releaseAddress({ PoolID: "one", Address: "10.9.0.2" });
  });

  it("refuses a pool and an address that are none", async (t) => {
    const { client, calls } = await answering(t, {
      "IpamDriver.RequestPool": '{"PoolID":"p","Pool":"10.0.0.1"}',
      "IpamDriver.ReleasePool": "{}",
      "IpamDriver.RequestAddress": '{"Address":"10.0.0.1"}',
    });
    const ipam = new RemoteIpam(client);
    await assert.rejects(ipam.requestPool({}), { code: "plugin_answer_invalid", message: /rolled back$/ });
    assert.deepEqual(calls.slice(-2), ["IpamDriver.RequestPool", "IpamDriver.ReleasePool"]);
    await assert.rejects(ipam.requestAddress({ PoolID: "p" }), { code: "plugin_answer_invalid" });
  });

  it("gives a pool back whose gateway is none", async (t) => {
    const { client, calls } = await answering(t, {
      "IpamDriver.RequestPool":
        '{"PoolID":"p","Pool":"10.0.0.0/8","Data":{"com.docker.network.gateway":"\\u009b2J"}}',
      "IpamDriver.ReleasePool": "{}",
    });
    await assert.rejects(new RemoteIpam(client).requestPool({}), {
      code: "plugin_answer_invalid",
      message: /the gateway "\\u009b2J", which is no CIDR; rolled back$/,
    });
    assert.equal(calls.at(-1), "IpamDriver.ReleasePool");
  });
});
