// A container that runc starts joins a namespace of ours by its path, and talks over the link that we put into it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { address, link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import { awaitCarrier } from "./support/carrier.ts";
import { writeBundle } from "./support/oci-bundle.ts";
import { needsPeer } from "./support/peers.ts";

const run = promisify(execFile);

/** Joins two namespaces by a veth pair: 10.9.0.1 on the host, 10.9.0.2 on eth0 inside. */
function connect(host: NetNamespace, inside: NetNamespace): void {
  using hostRtnl = new Rtnl(host);
  using insideRtnl = new Rtnl(inside);
  const peer = { name: "eth0", namespaceFd: inside.fd };
  hostRtnl.execute(link.create({ name: "veth0", info: { kind: "veth", veth: { peer } } }));
  for (const [rtnl, name, ip] of [
    [hostRtnl, "veth0", "10.9.0.1"],
    [insideRtnl, "eth0", "10.9.0.2"],
  ] as const) {
    const index = rtnl.findLink({ name })?.index ?? 0;
    rtnl.execute(
      address.add({ link: index, address: ip, prefixLength: 24 }),
      link.change({ index }, { up: true }),
    );
  }
  awaitCarrier(hostRtnl, "veth0");
  awaitCarrier(insideRtnl, "eth0");
}

test("runc joins the namespace and reaches the host through it", { skip: needsPeer("runc") }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "causeway-runc-"));
  using cleanUp = new DisposableStack();
  cleanUp.defer(() => rmSync(directory, { recursive: true }));
  const host = cleanUp.use(NetNamespace.create());
  const inside = cleanUp.use(NetNamespace.create());
  const netnsPath = join(directory, "netns");
  inside.bindAt(netnsPath);
  cleanUp.defer(() => unbindNamespace(netnsPath));
  connect(host, inside);

  const bundle = join(directory, "bundle");
  writeBundle(bundle, netnsPath, ["sh", "-ec", "ip -br -4 addr show eth0; ping -c1 -W2 10.9.0.1"]);
  const id = `causeway-${process.pid}`;
  const { stdout } = await run("runc", ["--root", join(directory, "state"), "run", "-b", bundle, id]);
  assert.match(stdout, /eth0\S* +UP +10\.9\.0\.2\/24/);
  assert.match(stdout, / 0% packet loss/);
});
