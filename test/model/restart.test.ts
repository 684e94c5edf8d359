// Close and open again: everything is there and usable, and what runs keeps running meanwhile.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, renameSync, symlinkSync, unlinkSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  InetSockaddr,
  ipToBytes,
  link,
  listenTcp,
  NetNamespace,
  socket,
  unbindNamespace,
} from "@causeway/kernel";
import { CausewayError, NetworkController, type Sandbox } from "@causeway/libnetwork";
import { eventually, patience } from "../support/eventually.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { wayOut } from "../support/inside.ts";
import { assertSameState, withoutOpenFiles } from "../support/kernel-state.ts";
import { Outside } from "../support/outside.ts";
import { assertTalking, dualStack, ipv4Only, reaches } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";

/** A TCP connection between two sandboxes that says what it hears. */
async function connection(from: Sandbox, to: Sandbox, address: string) {
  using source = namespaceOf(from);
  using target = namespaceOf(to);
  const everywhere = "0.0.0.0";
  const listening = target.run(() =>
    listenTcp(new InetSockaddr(ipToBytes(everywhere), everywhere), 9000, { backlog: 8 }),
  );
  const server = createServer((peer) => void peer.pipe(peer)).listen({ fd: listening.release() });
  const fd = source.run(() =>
    socket.openSocket(socket.AF_INET, socket.SOCK_STREAM, 0, { nonBlocking: true }),
  );
  const client = new Socket({ fd: fd.release() });
  client.connect({ host: address, port: 9000 });
  await once(client, "connect");
  return {
    async echo(text: string): Promise<string> {
      client.write(text);
      const [heard] = await once(client, "data", { signal: AbortSignal.timeout(patience) });
      return String(heard);
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test("networks, endpoints, sandboxes and published ports are there again and work", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  const network = await dualStack(host, "n", 1);
  const { sandbox, endpoint } = await host.controller.attach(network, {
    containerId: "web",
    endpoint: { publish: [{ containerPort: 80, hostPort: 8080 }], aliases: ["w"] },
    sandbox: { hostname: "web", labels: { a: "b" } },
  });
  await host.controller.attach(network, { containerId: "client" });
  const free = await network.createEndpoint("free", { ipv4: "172.30.1.50" });
  const told = {
    network: network.record,
    endpoint: endpoint.record,
    sandbox: sandbox.record,
    free: free.record,
  };

  const controller = await host.restart();
  assert.deepEqual(controller.problems, []);
  const again = controller.networkById(network.id);
  const web = controller.sandboxByContainerId("web");
  const client = controller.sandboxByContainerId("client");
  assert.ok(again !== undefined && web !== undefined && client !== undefined);
  /** As it is stored: what is undefined is left out. */
  const plain = (record: unknown): unknown => JSON.parse(JSON.stringify(record));
  assert.deepEqual(plain(again.record), plain(told.network));
  assert.deepEqual(plain(again.endpointByName("web")?.record), plain(told.endpoint));
  assert.deepEqual(plain(again.endpointByName("free")?.record), plain(told.free));
  assert.deepEqual(plain(web.record), plain(told.sandbox));
  assert.equal(again.endpointByName("web")?.sandbox, web);
  await assertTalking(web, client);
  using inside = namespaceOf(web);
  await using _ipv4 = await serve(inside, { port: 80 });
  await using _ipv6 = await serve(inside, { port: 80, address: "::" });
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), outside.ipv4);
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv6, port: 8080 }), outside.ipv6);

  // And it goes on: addresses and ports that are held are known to be.
  await assert.rejects(again.createEndpoint("x", { ipv4: "172.30.1.50" }), { code: "address_in_use" });
  await assert.rejects(again.createEndpoint("x", { publish: [{ containerPort: 1, hostPort: 8080 }] }), {
    code: "port_in_use",
  });
  await assert.rejects(again.createEndpoint("x", { mac: endpoint.mac }), { code: "mac_in_use" });
  await assert.rejects(controller.newNetwork("bridge", "n"), { code: "network_name_in_use" });
  const { sandbox: newcomer } = await controller.attach(again, { containerId: "newcomer" });
  await assertTalking(newcomer, web);
  await again.endpointByName("web")?.unpublish([{ hostPort: 8080 }]);
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), undefined);
});

test("a running sandbox keeps its connections while the controller is away", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const { sandbox: web } = await host.controller.attach(network, { containerId: "web" });
  const { sandbox: client } = await host.controller.attach(network, { containerId: "client" });
  await using stream = await connection(client, web, "172.30.1.2");
  assert.equal(await stream.echo("before"), "before");
  await host.stop();
  assert.equal(await stream.echo("while it is closed"), "while it is closed");
  assert.equal(await reaches(client, web, "172.30.1.2"), "172.30.1.3", "new connections too");
  await host.start();
  assert.equal(await stream.echo("after"), "after");
});

test("a second controller on the state directory is refused, and told who has it", async (t) => {
  const host = await TestHost.create(t);
  const before = await host.settled();
  await assert.rejects(NetworkController.open(host.options), {
    code: "state_dir_locked",
    kind: "conflict",
    message: new RegExp(`process ${process.pid}: stop that one or choose another`),
  });
  assert.deepEqual(await host.settled(before), before);
});

test("a bridge or an interface that somebody took meanwhile is made again under running sandboxes", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox: a, endpoint } = await host.controller.attach(network, { containerId: "a" });
  await host.controller.attach(network, { containerId: "b" });
  await host.stop();
  host.rtnl.execute(
    link.remove({ name: `br-${network.id.slice(0, 12)}` }),
    link.remove({ name: `veth${endpoint.id.slice(0, 11)}` }),
  );
  const controller = await host.start();
  assert.deepEqual(controller.problems, []);
  const [again, other] = ["a", "b"].map((id) => controller.sandboxByContainerId(id));
  assert.ok(again !== undefined && other !== undefined);
  assert.equal(again.netnsPath, a.netnsPath);
  assert.equal(wayOut(again, 4), "172.30.1.1 by eth0");
  await assertTalking(again, other);
});

test("what is gone from the kernel meanwhile is made again, or lost", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox } = await host.controller.attach(network, { containerId: "lost" });
  const kept = await network.createEndpoint("kept", { publish: [{ containerPort: 80, hostPort: 8080 }] });
  await host.stop();
  // As after a reboot: bridge and namespace are gone.
  host.rtnl.execute(link.remove({ name: `br-${network.id.slice(0, 12)}` }));
  using machine = namespaceOf(sandbox);
  unbindNamespace(sandbox.netnsPath);
  machine[Symbol.dispose]();
  await eventually(() => assert.deepEqual(host.rtnl.findLinks({ kind: "veth" }), []));

  const controller = await host.start();
  assert.deepEqual(
    controller.problems.map(({ kind, name }) => `${kind} ${name}`),
    ["sandbox lost"],
  );
  assert.equal(controller.sandboxByContainerId("lost")?.lost, true);
  const again = controller.networkByName("n");
  assert.ok(again !== undefined);
  assert.deepEqual(again.endpointByName("kept")?.bindings, kept.bindings);
  const [a, b] = [await controller.attach(again), await controller.attach(again)];
  await assertTalking(a.sandbox, b.sandbox);
});

/** A host that opens while the bridge name of its network `bad` is another link's. */
async function hostWithProblem(t: TestContext): Promise<TestHost> {
  const host = await TestHost.create(t);
  const bad = await ipv4Only(host, "bad", 2, { driverOptions: { bridgeName: "lan0" } });
  await host.controller.attach(bad, { containerId: "in bad" });
  const good = await ipv4Only(host, "good", 1);
  await host.controller.attach(good, { containerId: "in good" });
  await host.stop();
  const peer = { name: "lan1" };
  host.rtnl.execute(
    link.remove({ name: "lan0" }),
    link.create({ name: "lan0", info: { kind: "veth", veth: { peer } } }),
  );
  await host.start();
  const problems = host.controller.problems.map(({ kind, name }) => `${kind} ${name}`);
  assert.deepEqual(problems, ["network bad", "endpoint in bad"]);
  return host;
}

test("what cannot be taken up is told and stands in nobody's way; it is there again when it can", async (t) => {
  const host = await hostWithProblem(t);
  const { controller } = host;
  const old = controller.sandboxByContainerId("in good");
  const good = controller.networkByName("good");
  assert.ok(old !== undefined && good !== undefined);
  const { sandbox } = await controller.attach(good);
  await assertTalking(old, sandbox);
  host.rtnl.execute(link.remove({ name: "lan0" }));
  const mended = await host.restart();
  assert.deepEqual(mended.problems, []);
  const bad = mended.networkByName("bad");
  assert.ok(bad !== undefined);
  assert.equal(bad.endpointByName("in bad")?.sandbox?.containerId, "in bad");
  const { sandbox: neighbour } = await mended.attach(bad);
  await assertTalking(mended.sandboxByContainerId("in bad") ?? assert.fail(), neighbour);
});

test("what could not be taken up can be deleted", async (t) => {
  const host = await hostWithProblem(t);
  const network = host.controller.networkByName("bad") ?? assert.fail();
  await assert.rejects(network.delete(), { code: "network_has_endpoints" });
  await assert.rejects(network.createEndpoint("in bad"), { code: "endpoint_name_in_use" });
  await host.controller.sandboxByContainerId("in bad")?.delete({ endpoints: "delete" });
  await network.delete();
  host.rtnl.execute(link.remove({ name: "lan0" }));
  const controller = await host.restart();
  assert.deepEqual(controller.problems, []);
  assert.equal(controller.networkByName("bad"), undefined);
  const again = await ipv4Only(host, "bad", 2, { driverOptions: { bridgeName: "lan0" } });
  assert.deepEqual(again.endpoints(), []);
});

test("an endpoint whose port somebody has taken is there without it, and can be published anew", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  const made = await ipv4Only(host, "n", 1);
  const publish = [{ hostPort: 8080, containerPort: 7000 }];
  await host.controller.attach(made, { containerId: "web", endpoint: { publish } });
  const neighbour = await host.controller.attach(made);
  await host.stop();
  const theirs = await serve(host.namespace, { port: 8080 });
  const controller = await host.start();
  assert.deepEqual(
    controller.problems.map(({ kind, name }) => `${kind} ${name}`),
    ["endpoint web"],
  );
  const web = controller.sandboxByContainerId("web") ?? assert.fail();
  const [endpoint = assert.fail()] = web.endpoints();
  assert.deepEqual(endpoint.bindings, []);
  await assert.rejects(endpoint.network.createEndpoint("web"), { code: "endpoint_name_in_use" });
  // Its own traffic goes on, and the port leads to who has it now.
  await assertTalking(web, controller.sandboxByContainerId(neighbour.sandbox.containerId) ?? assert.fail());
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), outside.ipv4);
  await assert.rejects(endpoint.publish(publish), { code: "port_in_use" });
  await theirs[Symbol.asyncDispose]();
  await endpoint.publish(publish);
  using inside = namespaceOf(web);
  await using _server = await serve(inside, { port: 7000 });
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), outside.ipv4);
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
});

test("a network that is not to persist is forgotten at the close", async (t) => {
  const host = await TestHost.create(t);
  await ipv4Only(host, "passing", 1, { persist: false });
  await ipv4Only(host, "staying", 2);
  await host.restart();
  assert.equal(host.controller.networkByName("passing"), undefined);
  await eventually(() => assert.equal(host.rtnl.findLinks({ kind: "bridge" }).length, 1));
  await ipv4Only(host, "passing", 1);
});

test("addresses of both families are an endpoint's after a restart, too", async (t) => {
  const host = await TestHost.create(t);
  const { ipv4, ipv6 } = await (await dualStack(host, "web", 1)).createEndpoint("a");
  const network = (await host.restart()).networkByName("web") ?? assert.fail();
  const taken = { code: "address_in_use" };
  const bare = (cidr: string | undefined) => cidr?.split("/")[0] ?? assert.fail();
  await assert.rejects(network.createEndpoint("b", { ipv4: bare(ipv4) }), taken);
  await assert.rejects(network.createEndpoint("b", { ipv6: bare(ipv6) }), taken);
});

test("a freed address is not handed out again at once after a restart either", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  await network.createEndpoint("a");
  const b = await network.createEndpoint("b");
  const c = await network.createEndpoint("c");
  await b.delete();
  await host.restart();
  const d = await host.controller.networkByName("n")?.createEndpoint("d");
  assert.deepEqual([c.ipv4, d?.ipv4], ["172.30.1.4/24", "172.30.1.5/24"]);
});

test("endpoints stay in a sandbox that cannot be looked at, and are whole when it can be again", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const folder = join(host.directory, "keys");
  mkdirSync(folder);
  const key = join(folder, "web");
  using namespace = NetNamespace.create();
  namespace.bindAt(key);
  await host.controller.attach(network, { containerId: "web", sandbox: { key } });
  const own = await host.controller.attach(network, { containerId: "own" });
  await assertTalking(own.sandbox, host.controller.sandboxByContainerId("web") ?? own.sandbox);
  const state = withoutOpenFiles(await host.settled());

  await host.stop();
  renameSync(folder, `${folder}2`);
  // Its own target: ELOOP.
  symlinkSync(folder, folder);
  const { problems } = await host.start();
  assert.deepEqual(
    problems.map(({ kind, name }) => `${kind} ${name}`),
    ["sandbox web"],
  );

  unlinkSync(folder);
  renameSync(`${folder}2`, folder);
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
  assertSameState(withoutOpenFiles(await host.settled()), state, "something was lost");
  const [one, other] = host.controller.sandboxes();
  assert.ok(one && other);
  await assertTalking(one, other);
});

test("a bridge that somebody put in the place of a network's, while no controller ran, does not become ours", async (t) => {
  const host = await TestHost.create(t);
  const { rtnl } = host;
  const network = await host.controller.newNetwork("bridge", "n", {
    driverOptions: { bridgeName: "shared0" },
    ipam: { config: [{ subnet: "172.30.1.0/24" }] },
  });
  await host.stop();
  rtnl.execute(link.remove({ name: "shared0" }));
  rtnl.execute(link.create({ name: "shared0", info: { kind: "bridge" } }));
  const { index } = rtnl.query(link.get({ name: "shared0" }));

  const controller = await host.start();
  assert.deepEqual(
    controller.problems.map(({ id, error }) => [id, error instanceof CausewayError && error.code]),
    [[network.id, "bridge_in_use"]],
  );
  await controller.networkById(network.id)?.delete();
  const found = rtnl.findLink({ name: "shared0" });
  assert.ok(found?.index === index && !link.isUp(found), "it is not as it was");
  rtnl.execute(link.remove({ index }));
});
