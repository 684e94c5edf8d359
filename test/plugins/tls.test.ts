// Plugins behind TLS, found by a .json: with the right certificates on both sides, or not at all.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type ClientOptions, PluginClient, servePlugin } from "@causeway/plugin-sdk";

const file = (name: string) => join(import.meta.dirname, "../daemon/certificates", name);
const text = (name: string) => readFileSync(file(name), "utf8");

test("a plugin behind TLS answers who has a certificate, and is known by its own", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "plugin-tls-"));
  t.after(() => rmSync(directory, { recursive: true }));
  await using server = await servePlugin(
    {
      name: "secret",
      ipam: {
        requestPool: () => ({ PoolID: "p", Pool: "10.9.0.0/24" }),
        releasePool() {},
        requestAddress: () => ({ Address: "10.9.0.2/24" }),
        releaseAddress() {},
      },
    },
    { tcp: { tls: { key: text("daemon.key"), cert: text("daemon.pem"), ca: text("authority.pem") } } },
  );
  assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const waits: number[] = [];
  const options: ClientOptions = {
    directories: { sockets: join(directory, "none"), specs: [directory] },
    clock: { now: () => 0, sleep: async (milliseconds) => void waits.push(milliseconds) },
  };
  const activate = async (TLSConfig: object) => {
    writeFileSync(join(directory, "secret.json"), JSON.stringify({ Addr: server.url, TLSConfig }));
    using client = new PluginClient("secret", options);
    return await client.activate();
  };
  const mine = { CertFile: file("client.pem"), KeyFile: file("client.key") };
  const right = { CAFile: file("authority.pem"), ...mine };
  assert.deepEqual(await activate(right), ["IpamDriver"]);
  assert.deepEqual(await activate(mine), ["IpamDriver"], "without CAFile nothing is verified, as in Docker");
  const stranger = { CertFile: file("stranger.pem"), KeyFile: file("stranger.key") };
  await assert.rejects(activate({ ...right, ...stranger }), { code: "plugin_unreachable" });
  await assert.rejects(activate({ CAFile: file("authority.pem") }), { code: "plugin_unreachable" });
  waits.length = 0;
  await assert.rejects(activate({ ...mine, CAFile: file("stranger.pem") }), { code: "plugin_unreachable" });
  await assert.rejects(activate({ ...right, CAFile: join(directory, "missing.pem") }), {
    code: "plugin_address_invalid",
    message: /TLSConfig: ENOENT.*missing\.pem/,
  });
  assert.deepEqual(waits, [], "a plugin that is not who it should be will not be so later");
});
