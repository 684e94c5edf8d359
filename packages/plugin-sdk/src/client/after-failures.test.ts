// What one call's failure is to those that come beside it and after it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PluginError } from "../errors.ts";
import { at, temporaryDirectory } from "../test-support.ts";
import { parseAddress } from "./address.ts";
import { answering, call, ids, quickClock } from "./client-test-support.ts";
import { PluginClient } from "./plugin-client.ts";
import { RemoteIpam } from "./remote-ipam.ts";
import { RemoteNetworkDriver } from "./remote-network-driver.ts";

const local = { "NetworkDriver.GetCapabilities": '{"Scope":"local"}' };

describe("a handshake that several wait for", () => {
  it("goes on when one of them gives up", async (t) => {
    const held = Promise.withResolvers<ServerResponse>();
    const { client, calls } = await answering(t, {
      "Plugin.Activate": (_, response) => held.resolve(response),
      [call]: "{}",
    });
    const giveUp = new AbortController();
    const first = client.callDriver(call, ids, { signal: giveUp.signal });
    const second = client.callDriver(call, ids);
    const response = await held.promise;
    giveUp.abort(new Error("enough"));
    await assert.rejects(first, { code: "plugin_call_aborted", message: "given up: enough" });
    response.end('{"Implements":["NetworkDriver"]}');
    await second;
    assert.deepEqual(calls, ["Plugin.Activate", call]);
  });

  it("is done again after the client was closed", async (t) => {
    const { client, calls } = await answering(t, { [call]: "{}" });
    await client.callDriver(call, ids);
    client[Symbol.dispose]();
    await client.callDriver(call, ids);
    assert.deepEqual(calls, ["Plugin.Activate", call, "Plugin.Activate", call]);
  });
});

describe("capabilities that could not be had", () => {
  it("are asked for again by the next call of a network driver", async (t) => {
    let scope = "universal";
    const { client } = await answering(t, {
      "NetworkDriver.GetCapabilities": (_, response) => response.end(JSON.stringify({ Scope: scope })),
      [call]: "{}",
    });
    const driver = new RemoteNetworkDriver(client);
    await assert.rejects(driver.leave(ids), { code: "plugin_capability_invalid" });
    scope = "local";
    await driver.leave(ids);
  });

  it("are none of an IPAM's that refuses, and an error where nobody can know", async (t) => {
    let body = "<html>";
    const { client } = await answering(t, {
      "IpamDriver.GetCapabilities": (_, response) => response.end(body),
    });
    const ipam = new RemoteIpam(client);
    await assert.rejects(ipam.capabilities(), { code: "plugin_answer_invalid" });
    body = '{"RequiresRequestReplay":true}';
    assert.deepEqual(await ipam.capabilities(), { requiresMacAddress: false, requiresRequestReplay: true });
    const refusing = await answering(t, { "IpamDriver.GetCapabilities": '{"Error":"no"}' });
    const none = { requiresMacAddress: false, requiresRequestReplay: false };
    assert.deepEqual(await new RemoteIpam(refusing.client).capabilities(), none);
  });
});

describe("an answer that is wrong", () => {
  it("tells whether what was done for it was taken back", async (t) => {
    for (const [answer, undone] of [
      ["{}", true],
      ['{"Err":"no"}', false],
    ] as const) {
      const { client } = await answering(t, {
        ...local,
        "NetworkDriver.Join": '{"Gateway":"?"}',
        [call]: answer,
      });
      const error = await new RemoteNetworkDriver(client).join(ids).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof PluginError);
      assert.deepEqual(error.detail, { plugin: "test", method: "NetworkDriver.Join", undone });
    }
  });

  it("is none where the same MAC is written otherwise", async (t) => {
    const { client } = await answering(t, {
      ...local,
      "NetworkDriver.CreateEndpoint": '{"Interface":{"MacAddress":"02:42:AA:BB:CC:01"}}',
    });
    const Interface = { Address: "", AddressIPv6: "", MacAddress: "02:42:aa:bb:cc:01" };
    await new RemoteNetworkDriver(client).createEndpoint({ ...ids, Interface });
  });
});

describe("external connectivity", () => {
  it("that the plugin knows of and refuses is an error", async (t) => {
    const refusal = '{"Err":"no room"}';
    const { client } = await answering(t, {
      ...local,
      "NetworkDriver.ProgramExternalConnectivity": refusal,
      "NetworkDriver.RevokeExternalConnectivity": refusal,
    });
    const driver = new RemoteNetworkDriver(client);
    const error = { code: "plugin_refused", message: "remote: no room" };
    await assert.rejects(driver.programExternalConnectivity(ids), error);
    await assert.rejects(driver.revokeExternalConnectivity(ids), error);
  });
});

describe("a connection that cannot be made", () => {
  it("is tried once where waiting does not mend it", async (t) => {
    const { clock, waits } = quickClock();
    const file = join(temporaryDirectory(t), "file");
    writeFileSync(file, "");
    using client = new PluginClient(at(join(file, "below.sock")), { clock });
    await assert.rejects(client.activate(), { code: "plugin_unreachable", message: /ENOTDIR/ });
    assert.deepEqual(waits, []);
  });

  it("is tried while the next wait ends within the patience, and no wait is longer than 30 s", async (t) => {
    const nobody = at(join(temporaryDirectory(t), "none.sock"));
    for (const [patience, expected] of [
      [0, []],
      [15_000, [1, 2, 4]],
      [15_001, [1, 2, 4, 8]],
      [120_000, [1, 2, 4, 8, 16, 30, 30]],
    ] as const) {
      const { clock, waits } = quickClock();
      using client = new PluginClient(nobody, { clock, patience });
      await assert.rejects(client.activate(), { code: "plugin_unreachable" });
      assert.deepEqual(waits, expected);
    }
  });

  it("is tried again for any method: the plugin has not got the request", async (t) => {
    const { clock, waits } = quickClock();
    using client = new PluginClient(at(join(temporaryDirectory(t), "none.sock")), { clock });
    await assert.rejects(client.call(call, ids), { code: "plugin_unreachable" });
    assert.deepEqual(waits, [1, 2, 4, 8]);
  });

  it("is tried again for any method where it breaks in TLS's handshake", async (t) => {
    const server = createServer((socket) => void socket.once("data", () => socket.destroy()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { clock, waits } = quickClock();
    const address = parseAddress(`https://127.0.0.1:${port}`);
    using client = new PluginClient({ name: "test", address, source: "" }, { clock });
    await assert.rejects(client.call(call, ids), { code: "plugin_unreachable" });
    assert.deepEqual(waits, [1, 2, 4, 8]);
  });
});

describe("an answer's size", () => {
  it("may be the limit's, and not a byte more", async (t) => {
    const body = '{"Err":""}';
    for (const [answerLimit, fails] of [
      [body.length, false],
      [body.length - 1, true],
    ] as const) {
      const { client } = await answering(t, { [call]: body }, { answerLimit });
      const called = client.call(call, ids);
      if (fails) await assert.rejects(called, { code: "plugin_answer_too_large" });
      else await called;
    }
  });
});
