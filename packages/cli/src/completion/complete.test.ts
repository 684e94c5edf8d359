import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../client/client.ts";
import { type Commands, commands } from "../program.ts";
import { complete, completionText } from "./complete.ts";

/** A daemon that has one object of each kind. */
const client = {
  list: async (path: string) => [
    { name: `a${path.slice(1)}`, containerId: "asandbox", predefined: false },
    ...(path === "/networks" ? [{ name: "bridge", predefined: true }] : []),
  ],
} as unknown as Client;

async function completed(...words: readonly string[]): Promise<readonly string[] | "files"> {
  const found = await complete(commands, words, client);
  return found === "files" ? found : found.map(({ text }) => text);
}

test("names of what an argument is, in its place", async () => {
  assert.deepEqual(await completed("network", "rm", ""), ["anetworks"]);
  assert.deepEqual(await completed("network", "inspect", ""), ["anetworks", "bridge"]);
  assert.deepEqual(await completed("inspect", ""), ["acontainers", "anetworks", "bridge"]);
  assert.deepEqual(await completed("network", "connect", "n1", "a"), ["acontainers"]);
  assert.deepEqual(await completed("network", "connect", "--ip", "10.0.0.1", "n1", ""), ["acontainers"]);
  assert.deepEqual(await completed("endpoint", "join", "", ""), ["asandbox"]);
  assert.deepEqual(await completed("stop", "zz"), []);
});

test("options, values of options, and nothing of both behind --", async () => {
  assert.deepEqual(await completed("network", "prune", "--fil"), ["--filter"]);
  assert.deepEqual(await completed("network", "prune", "--filter", "un"), ["until="]);
  assert.deepEqual(await completed("run", "--network", "a"), ["anetworks"]);
  assert.equal(await completed("run", "--rootfs", ""), "files");
  assert.deepEqual(await completed("network", "rm", "--", "--"), []);
  assert.deepEqual(await completed("--hos"), ["--host"]);
  assert.deepEqual(await completed("-H", "network", "netw"), ["network"]);
});

test("commands, and those of help", async () => {
  assert.deepEqual(await completed(""), Object.keys(commands));
  assert.deepEqual(await completed("help", "netw"), ["network"]);
  assert.deepEqual(await completed("help", "network", "ins"), ["inspect"]);
  assert.deepEqual(await completed("nonsense", ""), []);
  const some: Commands = Object.fromEntries(Object.entries(commands).filter(([name]) => name === "network"));
  const text = completionText(await complete(some, [""], client));
  assert.match(text, /^network\t\S.*\n$/);
});
