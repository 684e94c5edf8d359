// The units of the plugin for Docker: what systemd says of them, and that the plugin does its work on a socket that is handed over, with the capabilities that are left.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { checkPlugin, parseAddress, reportText } from "@causeway/plugin-sdk";
import { eventually } from "./support/eventually.ts";
import { needsPeer } from "./support/peers.ts";
import { ServedHost } from "./support/served-host.ts";

const root = join(import.meta.dirname, "..");
const launcher = join(root, "packages/cli/bin/causeway");
const unit = (name: string) => readFileSync(join(root, "packaging", name), "utf8");

function capabilities(): string {
  const [, names = ""] = /^CapabilityBoundingSet=(.*)$/m.exec(unit("causeway-plugin.service")) ?? [];
  return names
    .split(" ")
    .map((name) => `+${name.replace("CAP_", "").toLowerCase()}`)
    .join(",");
}

/** As they would be where the program is installed. */
function copies(t: TestContext, change: (text: string) => string = (text) => text): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), "causeway-unit-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return ["causeway-plugin.socket", "causeway-plugin.service"].map((name) => {
    const path = join(directory, name);
    writeFileSync(path, change(unit(name).replace("/usr/bin/causeway", launcher)));
    return path;
  });
}

function verify(paths: readonly string[]) {
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", ...paths], { encoding: "utf8" });
  return { status, text: stdout + stderr };
}

const programs = ["systemd-analyze", "systemd-socket-activate", "setpriv"];
describe("causeway-plugin.socket and .service", { skip: needsPeer(...programs) }, () => {
  it("are units that systemd takes without a word; with a slip they are not", (t) => {
    assert.deepEqual(verify(copies(t)), { status: 0, text: "" });
    const wrong = copies(t, (text) => text.replace("SocketMode=", "SocketMod="));
    assert.match(verify(wrong).text, /SocketMod/);
  });

  it("leave the plugin what it needs, on a socket that stays when it has ended", async (t) => {
    const host = ServedHost.create(t);
    const socket = join(host.directory, "causeway.sock");
    const where = ["--state-dir", join(host.directory, "state"), "--host-namespace", host.netns];
    const confined = ["setpriv", "--no-new-privs", `--bounding-set=-all,${capabilities()}`];
    const child = spawn(
      "systemd-socket-activate",
      ["--listen", socket, "--fdname=causeway", ...confined, launcher, "plugin", "serve", ...where],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let said = "";
    child.stdout.on("data", (text: Buffer) => {
      said += text.toString();
    });
    const ended = once(child, "close");
    try {
      await eventually(() => assert.ok(existsSync(socket)));
      const report = await checkPlugin(parseAddress(`unix://${socket}`));
      assert.equal(report.passed, true, reportText(report));
      assert.match(said, /"url":"fd:\/\/3"/);
    } finally {
      child.kill("SIGTERM");
      assert.deepEqual(await ended, [0, null]);
    }
    assert.ok(existsSync(socket), "it is systemd's");
  });
});
