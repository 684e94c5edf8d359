import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory, yes } from "../test-support.ts";
import { servePlugin } from "./serve.ts";
import { takeActivatedSocket } from "./socket-activation.ts";

function handedOver(names: readonly string[], pid = process.pid) {
  return { LISTEN_PID: String(pid), LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(":") };
}

test("a socket goes to the plugin of its name, once", () => {
  const several = handedOver(["one", "two.socket", "three"]);
  assert.equal(takeActivatedSocket("nobody", several), undefined, "there are several");
  assert.equal(takeActivatedSocket("two", several), 4);
  assert.equal(takeActivatedSocket("two", several), undefined);
  assert.equal(takeActivatedSocket("three", several), 5);
});

test("the only one goes to whoever is first, whatever its name is", () => {
  const only = handedOver(["unknown"]);
  assert.equal(takeActivatedSocket("test", only), 3);
  assert.equal(takeActivatedSocket("test", only), undefined);
});

test("what was handed to another process is not taken", () => {
  assert.equal(takeActivatedSocket("test", handedOver(["a", "b", "c", "test"], process.pid + 1)), undefined);
  assert.equal(takeActivatedSocket("test", {}), undefined);
});

test("a plugin that was told where to listen, or to ignore what is handed over, does not take it", async (t) => {
  // A descriptor that nobody has opened.
  const given = handedOver([...Array.from({ length: 900 }, () => "other"), "test"]);
  Object.assign(process.env, given);
  t.after(() => {
    for (const name of Object.keys(given)) delete process.env[name];
  });
  const plugin = { name: "test", network: yes };
  const socket = join(temporaryDirectory(t), "test.sock");
  for (const options of [{ socket }, { tcp: {} }, { socket, activation: "ignored" }] as const) {
    await using server = await servePlugin(plugin, options);
    assert.match(server.url, "socket" in options ? /^unix:/ : /^tcp:/);
  }
});
