// Namespaces that are not what they were: somebody's hand unmounted them, or put others in their place.

import assert from "node:assert/strict";
import { test } from "node:test";
import { address, link, NetNamespace, Rtnl, route, unbindNamespace } from "@causeway/kernel";
import { topologyText } from "@causeway/libnetwork";
import { eventually } from "../support/eventually.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { dualStack } from "../support/scenes.ts";

/** A stranger's namespace, in which there is an eth0 with a default route. */
function strangers(): NetNamespace {
  const namespace = NetNamespace.create();
  using rtnl = new Rtnl(namespace);
  rtnl.execute(
    link.create({ name: "eth0", info: { kind: "bridge" } }),
    link.change({ name: "eth0" }, { up: true }),
  );
  const index = rtnl.query(link.getIndex({ name: "eth0" }));
  rtnl.execute(address.add({ link: index, address: "10.9.9.2", prefixLength: 24 }));
  rtnl.execute(route.add({ destination: "default", family: 4, gateway: "10.9.9.1", link: index }));
  return namespace;
}

function stateOf(namespace: NetNamespace): unknown {
  using rtnl = new Rtnl(namespace);
  const up = link.isUp(rtnl.query(link.get({ name: "eth0" })));
  return {
    up,
    routes: rtnl.dump(route.list({ family: 4 })).filter(({ table }) => table === route.mainTable),
  };
}

test("another namespace in the place of a sandbox's is left alone by leave and delete", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox, endpoint } = await host.controller.attach(network, { containerId: "c" });
  using theirs = strangers();
  const before = stateOf(theirs);
  const { netnsPath } = sandbox;
  unbindNamespace(netnsPath);
  theirs.bindAt(netnsPath);

  assert.throws(() => sandbox.spawn("true"), { code: "namespace_not_found", message: /another network/ });
  assert.throws(() => sandbox.statistics(), { code: "namespace_not_found" });
  assert.doesNotMatch(topologyText(await host.controller.topology()), /10\.9\.9/);
  await endpoint.leave(sandbox);
  assert.equal(endpoint.sandbox, undefined);
  await assert.rejects(endpoint.join(sandbox), { code: "namespace_not_found" });
  await sandbox.delete();
  await eventually(() => assert.deepEqual(host.rtnl.findLinks({ kind: "veth" }), []));
  assert.deepEqual(stateOf(theirs), before);
  using still = NetNamespace.open(netnsPath);
  assert.equal(still.identity, theirs.identity, "it is not ours to let go of");
  unbindNamespace(netnsPath);
});

test("a sandbox in whose place another namespace is found at the start is lost", async (t) => {
  const host = await TestHost.create(t);
  using ours = NetNamespace.create();
  const path = `${host.directory}/elsewhere`;
  ours.bindAt(path);
  const network = await dualStack(host, "n", 1);
  await host.controller.attach(network, { containerId: "c", sandbox: { key: path } });
  await host.stop();
  using theirs = strangers();
  const before = stateOf(theirs);
  unbindNamespace(path);
  theirs.bindAt(path);
  const controller = await host.start();
  const lost = controller.sandboxByContainerId("c") ?? assert.fail();
  assert.equal(lost.lost, true);
  await lost.delete();
  assert.deepEqual(stateOf(theirs), before);
  using still = NetNamespace.open(path);
  assert.equal(still.identity, theirs.identity, "it is not ours to let go of");
  unbindNamespace(path);
});

test("an endpoint leaves a sandbox whose namespace is gone", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox, endpoint } = await host.controller.attach(network, { containerId: "c" });
  unbindNamespace(sandbox.netnsPath);
  await endpoint.leave(sandbox);
  assert.equal(endpoint.sandbox, undefined);
  assert.equal(sandbox.gateway(4), undefined);
  await sandbox.delete();
});

test("the host's own namespace is adopted by no sandbox", async (t) => {
  const host = await TestHost.create(t);
  const path = `${host.directory}/host`;
  const refusal = { code: "key_is_host", kind: "forbidden", message: /make the sandbox with useHostNetwork/ };
  await assert.rejects(host.controller.newSandbox("c", { key: path }), refusal);
  const sandbox = await host.controller.newSandbox("d", { externalKey: true });
  await assert.rejects(sandbox.setKey(path), refusal);
  assert.equal(sandbox.key, undefined);
});

test("a namespace is one sandbox's only", async (t) => {
  const host = await TestHost.create(t);
  const first = await host.controller.newSandbox("first");
  const path = `${host.directory}/elsewhere`;
  using namespace = namespaceOf(first);
  namespace.bindAt(path);
  const refusal = { code: "namespace_in_use", kind: "conflict", message: /of container "first": share it/ };
  await assert.rejects(host.controller.newSandbox("c", { key: path }), refusal);
  const second = await host.controller.newSandbox("second", { externalKey: true });
  await assert.rejects(second.setKey(path), refusal);
  unbindNamespace(path);
});
