// Networks that controllers on several hosts share over a real etcd: found, reached, kept while etcd is away, and encrypted.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { hasFeature, ipsecEsp, link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import { type Attachment, type Network, NetworkController } from "@causeway/libnetwork";
import { startEtcd } from "../support/etcd.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks, mountsBelow } from "../support/leak-check.ts";
import { needsPeer } from "../support/peers.ts";
import { canPing } from "../support/traffic.ts";
import { Underlay } from "../support/underlay.ts";

/** A controller on a host of its own. */
async function openHost(
  t: TestContext,
  underlay: Underlay,
  number: number,
  etcd: readonly string[],
): Promise<NetworkController> {
  const directory = mkdtempSync("/dev/shm/causeway-etcd-host-");
  const namespace = NetNamespace.create();
  namespace.bindAt(join(directory, "host"));
  using rtnl = new Rtnl(namespace);
  rtnl.execute(link.change({ name: "lo" }, { up: true }));
  underlay.connect(namespace, number);
  const controller = await NetworkController.open({
    stateDir: join(directory, "state"),
    runDir: join(directory, "run"),
    hostNamespace: join(directory, "host"),
    defaultNetwork: false,
    gatewayNetwork: false,
    warmNamespaces: 0,
    plugins: false,
    cluster: { etcd, name: `host${number}`, advertise: "eth0", life: 2, retention: 4 },
  });
  t.after(async () => {
    await controller.close();
    for (const path of mountsBelow(directory)) unbindNamespace(path);
    rmSync(directory, { recursive: true });
    namespace[Symbol.dispose]();
  });
  return controller;
}

async function found(controller: NetworkController, name: string): Promise<Network> {
  return eventually(() => {
    const network = controller.networkByName(name);
    assert.ok(network !== undefined);
    return network;
  });
}

async function pings({ sandbox }: Attachment, { endpoint }: Attachment): Promise<boolean> {
  using namespace = namespaceOf(sandbox);
  return canPing(namespace, endpoint.info().ipv4?.split("/")[0] ?? "");
}

describe("networks of global scope over etcd", { skip: needsPeer("etcd") }, () => {
  checkLeaks();

  // By itself the kernel of a test machine may have no ESP: test/overlay/encrypted.test.ts.
  for (const encrypted of hasFeature(ipsecEsp) ? [false, true] : [false]) {
    it(`carry packets between hosts while etcd is there, while it is away, and after it${encrypted ? ", encrypted" : ""}`, async (t) => {
      const underlay = new Underlay();
      t.after(() => underlay[Symbol.dispose]());
      const etcd = await startEtcd(t);
      const [a, b] = [await openHost(t, underlay, 1, etcd.urls), await openHost(t, underlay, 2, etcd.urls)];
      const made = await eventually(() => a.newNetwork("overlay", "web", { driverOptions: { encrypted } }));
      const one = await a.attach(made, { containerId: "one" });
      const two = await b.attach(await found(b, "web"), { containerId: "two" });
      await eventually(async () => assert.ok(await pings(one, two)));
      assert.ok(await pings(two, one));
      await eventually(async () => assert.equal((await one.sandbox.resolve("two")).answers.length, 1));

      await etcd.members[0]?.kill();
      assert.ok(await pings(one, two));
      await assert.rejects(a.attach(made, { containerId: "three" }), { code: "store_unavailable" });
      assert.equal(a.sandboxByContainerId("three"), undefined);
      await two.sandbox.delete({ endpoints: "delete" });

      await etcd.members[0]?.start();
      const three = await eventually(() => a.attach(made, { containerId: "three" }));
      await eventually(async () => assert.deepEqual((await one.sandbox.resolve("two")).answers, []));
      const four = await b.attach(await found(b, "web"), { containerId: "four" });
      await eventually(async () => assert.ok(await pings(three, four)));
      for (const controller of [a, b])
        for (const sandbox of controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
      await (await found(b, "web")).delete();
      await eventually(() => assert.equal(a.networkByName("web"), undefined));
    });
  }
});
