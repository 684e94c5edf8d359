import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type PluginClient, RemoteIpam, RemoteNetworkDriver } from "@causeway/plugin-sdk";
import { RemoteDriver } from "../drivers/remote/driver.ts";
import { PluginIpam } from "../ipam/remote/plugin-ipam.ts";
import { FoundPlugins } from "./found-plugins.ts";

function found(directory: string) {
  const clients: PluginClient[] = [];
  const noted = (client: PluginClient) => {
    clients.push(client);
    return client;
  };
  const plugins = new FoundPlugins({
    directories: { sockets: directory, specs: [] },
    timeout: 20_000,
    patience: 0,
    makeDriver: (client) => new RemoteDriver(new RemoteNetworkDriver(noted(client))),
    makeIpam: (client) => new PluginIpam(new RemoteIpam(noted(client))),
  });
  return { plugins, clients };
}

test("a plugin is one driver, one IPAM and one client, however often it is asked for", () => {
  const { plugins, clients } = found("/nonexistent");
  assert.equal(plugins.driver("one"), plugins.driver("one"));
  assert.equal(plugins.ipam("one"), plugins.ipam("one"));
  plugins.driver("other");
  assert.deepEqual(
    clients.map(({ name }) => name),
    ["one", "one", "other"],
  );
  assert.equal(clients[0], clients[1]);
});

test("the end ends the calls that run, and their connections", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "causeway-found-"));
  const server = createServer().listen(join(directory, "silent.sock"));
  t.after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  await once(server, "listening");
  const { plugins, clients } = found(directory);
  assert.deepEqual(plugins.names(), ["silent"]);
  plugins.driver("silent");
  const [client] = clients;
  assert.ok(client !== undefined);
  const connected = once(server, "connection") as Promise<[Socket]>;
  const refused = assert.rejects(client.activate(), { code: "plugin_call_aborted" });
  const [connection] = await connected;
  const closed = once(connection.resume(), "close");
  plugins.close();
  await refused;
  await closed;
});
