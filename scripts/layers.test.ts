// The layering check, held against small workspaces that break one rule each.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { cruiseWorkspace } from "./lib/cruise.ts";

/** Files that keep every rule; a test replaces some or adds others. */
const SOUND = {
  "packages/kernel/src/sys/fd.ts": `import koffi from "koffi"; export const fd = koffi;`,
  "packages/kernel/src/codec/codec.ts": `export const codec = 1;`,
  "packages/kernel/src/netlink/socket.ts": `import { fd } from "../sys/fd.ts"; export const socket = fd;`,
  "packages/kernel/src/index.ts": `export * from "./netlink/socket.ts";`,
  "packages/libnetwork/src/errors.ts": `export const error = 1;`,
  "packages/libnetwork/src/contracts/store.ts": `import { error } from "../errors.ts"; export const store = error;`,
  "packages/libnetwork/src/store/memory.ts": `import { store } from "../contracts/store.ts"; export const memory = store;`,
  "packages/libnetwork/src/store/store-contract.ts": `import { memory } from "./memory.ts"; export const contract = memory;`,
  "packages/libnetwork/src/ipam/ipam.ts": `import { socket } from "@causeway/kernel"; export const ipam = socket;`,
  "packages/libnetwork/src/ipam/ipam.test.ts": `import { memory } from "../store/memory.ts"; import "./ipam.ts"; memory;`,
  "packages/libnetwork/src/drivers/bridge/driver.ts": `export const bridge = 1;`,
  "packages/libnetwork/src/drivers/host/driver.ts": `export const host = 1;`,
  "packages/libnetwork/src/controller.ts": `import { store } from "./contracts/store.ts"; export const controller = store;`,
  "packages/libnetwork/src/wiring.ts": `import { controller } from "./controller.ts"; export const wire = controller;`,
  "packages/libnetwork/src/index.ts": `export * from "./wiring.ts";`,
  "packages/daemon/src/index.ts": `import { wire } from "@causeway/libnetwork"; export type Api = typeof wire;`,
  "packages/plugin-sdk/src/index.ts": `export const sdk = 1;`,
  "packages/cli/src/commands/plugin/ls.ts": `import type { sdk } from "@causeway/plugin-sdk"; export const ls = async (): Promise<typeof sdk> => (await import("@causeway/plugin-sdk")).sdk;`,
  "packages/cli/src/index.ts": `import type { Api } from "@causeway/daemon"; export type Cli = Api;`,
  "examples/hello.ts": `import { wire } from "@causeway/libnetwork"; wire;`,
};

async function complaints(
  t: TestContext,
  changes: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), "causeway-layers-"));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("package.json", `{ "workspaces": ["packages/*"] }`);
  write("node_modules/koffi/package.json", `{ "name": "koffi", "exports": "./index.js" }`);
  write("node_modules/koffi/index.js", "");
  mkdirSync(join(root, "node_modules/@causeway"));
  for (const name of ["kernel", "plugin-sdk", "libnetwork", "daemon", "cli"]) {
    write(
      `packages/${name}/package.json`,
      `{ "name": "@causeway/${name}", "exports": { ".": "./src/index.ts" } }`,
    );
    symlinkSync(`../../packages/${name}`, join(root, "node_modules/@causeway", name));
  }
  for (const [path, text] of Object.entries({ ...SOUND, ...changes })) write(path, text);
  return (await cruiseWorkspace(root)).complaints;
}

test("a workspace that keeps the rules has nothing to complain about", async (t) => {
  assert.deepEqual(await complaints(t, {}), []);
});

const BREACHES: readonly (readonly [rule: string, file: string, source: string])[] = [
  [
    "koffi-in-sys-only",
    "packages/kernel/src/netlink/socket.ts",
    `import koffi from "koffi"; export const socket = koffi;`,
  ],
  [
    "kernel-codec",
    "packages/kernel/src/codec/codec.ts",
    `import { fd } from "../sys/fd.ts"; export const codec = fd;`,
  ],
  ["kernel-sys", "packages/kernel/src/sys/extra.ts", `import { codec } from "../codec/codec.ts"; codec;`],
  [
    "kernel-netlink",
    "packages/kernel/src/netlink/extra.ts",
    `import { helper } from "../helper/helper.ts"; helper;`,
  ],
  [
    "kernel-netlink",
    "packages/kernel/src/netlink/extra.ts",
    `import type { helper } from "../helper/helper.ts"; export type H = typeof helper;`,
  ],
  ["kernel-rooms", "packages/kernel/src/attic/extra.ts", `import { fd } from "../sys/fd.ts"; fd;`],
  [
    "libnetwork-contracts",
    "packages/libnetwork/src/contracts/extra.ts",
    `import { memory } from "../store/memory.ts"; memory;`,
  ],
  [
    "libnetwork-ipam",
    "packages/libnetwork/src/ipam/extra.ts",
    `import { memory } from "../store/memory.ts"; memory;`,
  ],
  [
    "libnetwork-store",
    "packages/libnetwork/src/store/extra.ts",
    `import { controller } from "../controller.ts"; controller;`,
  ],
  [
    "libnetwork-errors",
    "packages/libnetwork/src/errors.ts",
    `import { ipam } from "./ipam/ipam.ts"; export const error = ipam;`,
  ],
  [
    "drivers-apart",
    "packages/libnetwork/src/drivers/host/extra.ts",
    `import { bridge } from "../bridge/driver.ts"; bridge;`,
  ],
  [
    "libnetwork-controller",
    "packages/libnetwork/src/controller.ts",
    `import { memory } from "./store/memory.ts"; export const controller = memory;`,
  ],
  ["wiring-on-top", "packages/libnetwork/src/sandbox.ts", `import { wire } from "./wiring.ts"; wire;`],
  [
    "front-door-only",
    "packages/libnetwork/src/ipam/extra.ts",
    `import { fd } from "../../../kernel/src/sys/fd.ts"; fd;`,
  ],
  ["front-door-only", "examples/extra.ts", `import { fd } from "../packages/kernel/src/sys/fd.ts"; fd;`],
  [
    "package-kernel",
    "packages/kernel/src/sys/extra.ts",
    `import { wire } from "@causeway/libnetwork"; wire;`,
  ],
  [
    "package-libnetwork",
    "packages/libnetwork/src/extra.ts",
    `import type { Api } from "@causeway/daemon"; export type A = Api;`,
  ],
  ["daemon-types-only", "packages/cli/src/extra.ts", `import { Api } from "@causeway/daemon"; Api;`],
  [
    "cli-knows-the-daemon-only",
    "packages/cli/src/extra.ts",
    `import type { wire } from "@causeway/libnetwork"; export type W = typeof wire;`,
  ],
  [
    "cli-knows-the-daemon-only",
    "packages/cli/src/commands/plugin-extra.ts",
    `import type { sdk } from "@causeway/plugin-sdk"; export type S = typeof sdk;`,
  ],
  [
    "plugin-commands-late",
    "packages/cli/src/commands/plugin/extra.ts",
    `import { sdk } from "@causeway/plugin-sdk"; sdk;`,
  ],
  [
    "no-test-in-product",
    "packages/libnetwork/src/store/extra.ts",
    `import { contract } from "./store-contract.ts"; contract;`,
  ],
  ["no-dangling-import", "packages/libnetwork/src/store/extra.ts", `import { gone } from "./gone.ts"; gone;`],
  ["no-cycle", "packages/kernel/src/sys/extra.ts", `import { b } from "./other.ts"; export const a = b;`],
];

for (const [rule, file, source] of BREACHES) {
  test(`${rule}: ${file} with ${source.slice(0, 60)}...`, async (t) => {
    const found = await complaints(t, {
      "packages/kernel/src/helper/helper.ts": `export const helper = 1;`,
      "packages/kernel/src/sys/other.ts": `import { a } from "./extra.ts"; export const b = 1; export const c = a;`,
      [file]: source,
      ...(rule === "no-cycle" ? {} : { "packages/kernel/src/sys/other.ts": "export const b = 1;" }),
    });
    const named = found.filter((complaint) => complaint.includes(`: ${rule} (`));
    assert.ok(
      named.some((complaint) => complaint.includes(file)),
      `expected ${rule} in:\n${found.join("\n")}`,
    );
  });
}

test("an empty workspace is not a sound one", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "causeway-layers-"));
  t.after(() => rmSync(root, { recursive: true }));
  const { complaints: found } = await cruiseWorkspace(root);
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /no source file found/);
});
