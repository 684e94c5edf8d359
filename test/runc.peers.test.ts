// A container that runc starts joins a namespace of ours by its path, and talks over the link that we put into it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { NetNamespace, unbindNamespace } from "@causeway/kernel";
import { writeBundle } from "./support/oci-bundle.ts";
import { needsPeer } from "./support/peers.ts";
import { joinByWire } from "./support/wire.ts";

const run = promisify(execFile);

test("runc joins the namespace and reaches the host through it", { skip: needsPeer("runc") }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "causeway-runc-"));
  using cleanUp = new DisposableStack();
  cleanUp.defer(() => rmSync(directory, { recursive: true }));
  const host = cleanUp.use(NetNamespace.create());
  const inside = cleanUp.use(NetNamespace.create());
  const netnsPath = join(directory, "netns");
  inside.bindAt(netnsPath);
  cleanUp.defer(() => unbindNamespace(netnsPath));
  joinByWire(
    { namespace: host, name: "veth0", addresses: ["10.9.0.1/24"] },
    { namespace: inside, name: "eth0", addresses: ["10.9.0.2/24"] },
  );

  const bundle = join(directory, "bundle");
  writeBundle(bundle, netnsPath, ["sh", "-ec", "ip -br -4 addr show eth0; ping -c1 -W2 10.9.0.1"]);
  const id = `causeway-${process.pid}`;
  const { stdout } = await run("runc", ["--root", join(directory, "state"), "run", "-b", bundle, id]);
  assert.match(stdout, /eth0\S* +UP +10\.9\.0\.2\/24/);
  assert.match(stdout, / 0% packet loss/);
});
