// Networks, endpoints and sandboxes come, are found, and go.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";
import { addressesOf, hostsOf, interfacesOf } from "../support/inside.ts";
import { assertTalking, dualStack, ipv4Only, reaches } from "../support/scenes.ts";

test("the five steps of the article, there and back", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await dualStack(host, "network1", 1);
  const endpoint = await network.createEndpoint("endpoint1");
  const sandbox = await controller.newSandbox("container1", { hostname: "web" });
  assert.equal(endpoint.sandbox, undefined);
  assert.deepEqual(interfacesOf(sandbox), []);

  await endpoint.join(sandbox);
  assert.equal(endpoint.sandbox, sandbox);
  assert.deepEqual(sandbox.endpoints(), [endpoint]);
  assert.deepEqual(interfacesOf(sandbox), ["eth0"]);
  assert.deepEqual(addressesOf(sandbox, "eth0").sort(), [endpoint.ipv4, endpoint.ipv6].sort());
  assert.deepEqual(endpoint.info(), {
    mac: endpoint.mac,
    ipv4: "172.30.1.2/24",
    ipv6: "fd00:1::2/64",
    interfaceName: "eth0",
    gatewayIpv4: "172.30.1.1",
    gatewayIpv6: "fd00:1::1",
    staticRoutes: [],
    sandbox,
  });
  assert.match(hostsOf(sandbox), /^172\.30\.1\.2\tweb$/m);
  const { sandbox: other } = await controller.attach(network, { containerId: "container2" });
  await assertTalking(sandbox, other);

  await endpoint.leave(sandbox);
  assert.equal(endpoint.sandbox, undefined);
  assert.deepEqual(sandbox.endpoints(), []);
  assert.deepEqual(interfacesOf(sandbox), []);
  assert.doesNotMatch(hostsOf(sandbox), /172\.30\.1\.2/);

  await endpoint.delete();
  assert.deepEqual(
    network.endpoints().map(({ name }) => name),
    ["container2"],
  );
  const { hosts } = sandbox.files;
  await sandbox.delete();
  assert.equal(controller.sandboxByContainerId("container1"), undefined);
  assert.equal(existsSync(hosts), false);
  await eventually(() => assert.equal(existsSync(sandbox.record.namespace?.path ?? ""), false));
  await other.delete({ endpoints: "delete" });
  await network.delete();
  assert.equal(controller.networkByName("network1"), undefined);
});

test("networks, endpoints and sandboxes are found by id, name and the beginning of an id", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await ipv4Only(host, "n", 1);
  const { endpoint, sandbox } = await controller.attach(network, { containerId: "c", endpointName: "e" });
  for (const reference of [network.id, network.id.slice(0, 12), "n"]) {
    assert.equal(controller.findNetwork(reference), network);
  }
  for (const reference of [endpoint.id, endpoint.id.slice(0, 12), "e"]) {
    assert.equal(network.findEndpoint(reference), endpoint);
  }
  for (const reference of [sandbox.id, sandbox.id.slice(0, 12), "c"]) {
    assert.equal(controller.findSandbox(reference), sandbox);
  }
  assert.equal(controller.networkById(network.id), network);
  assert.equal(controller.networkByName("n"), network);
  assert.equal(network.endpointById(endpoint.id), endpoint);
  assert.equal(network.endpointByName("e"), endpoint);
  assert.equal(controller.sandboxById(sandbox.id), sandbox);
  assert.equal(controller.sandboxByContainerId("c"), sandbox);
  assert.equal(controller.networkById(network.id.slice(0, 12)), undefined, "by the whole id only");
  assert.equal(controller.networkByName("nobody"), undefined);
  assert.equal(controller.findSandbox("nobody"), undefined);
  for (const { id } of [network, endpoint, sandbox]) assert.match(id, /^[0-9a-f]{64}$/);
});

test("the beginning of several ids is refused", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  // Of 17 ids, two begin with the same of 16 digits.
  for (let number = 0; number < 17; number++) await controller.newSandbox(`c${number}`);
  const digits = controller.sandboxes().map(({ id }) => id.slice(0, 1));
  const twice = digits.find((digit, at) => digits.indexOf(digit) !== at) ?? "";
  assert.throws(() => controller.findSandbox(twice), { code: "ambiguous_id", kind: "conflict" });
});

test("walking stops where the visitor says so", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await ipv4Only(host, "n", 1);
  for (const name of ["a", "b", "c"]) await controller.attach(network, { containerId: name });
  const walk = (walker: (visit: (item: { readonly name: string }) => boolean) => void) => {
    const seen: string[] = [];
    walker(({ name }) => {
      seen.push(name);
      return name === "b" || name === "none";
    });
    return seen;
  };
  assert.deepEqual(
    walk((visit) => network.walkEndpoints(visit)),
    ["a", "b"],
  );
  assert.deepEqual(
    walk((visit) => controller.walkSandboxes(visit)),
    ["a", "b"],
  );
  assert.deepEqual(
    walk((visit) => controller.walkNetworks(visit)),
    ["host", "none"],
  );
});

test("what a network tells of itself", async (t) => {
  const host = await TestHost.create(t);
  const begun = Date.now();
  const network = await host.controller.newNetwork("bridge", "n", {
    ipam: {
      config: [
        {
          subnet: "172.30.1.0/24",
          ipRange: "172.30.1.128/25",
          gateway: "172.30.1.1",
          auxiliaryAddresses: { router: "172.30.1.5" },
        },
        { subnet: "fd00:1::/64", gateway: "fd00:1::fe" },
      ],
    },
    labels: { tier: "front" },
    attachable: true,
    driverOptions: { icc: false },
  });
  assert.equal(network.type, "bridge");
  assert.equal(network.scope, "local");
  assert.ok(network.created.getTime() >= begun && network.created.getTime() <= Date.now());
  const { internal, attachable, ingress, dynamic, ipv4Enabled, ipv6Enabled, labels, predefined } = network;
  assert.deepEqual(
    { internal, attachable, ingress, dynamic, ipv4Enabled, ipv6Enabled, labels, predefined },
    {
      internal: false,
      attachable: true,
      ingress: false,
      dynamic: false,
      ipv4Enabled: true,
      ipv6Enabled: true,
      labels: { tier: "front" },
      predefined: false,
    },
  );
  assert.deepEqual(network.driverOptions, { icc: false });
  assert.deepEqual(network.ipamInfo, [
    {
      addressSpace: "local",
      pool: "172.30.1.0/24",
      gateway: "172.30.1.1/24",
      auxiliaryAddresses: { router: "172.30.1.5/24" },
    },
    { addressSpace: "local", pool: "fd00:1::/64", gateway: "fd00:1::fe/64", auxiliaryAddresses: {} },
  ]);
  const endpoint = await network.createEndpoint("e");
  assert.equal(endpoint.ipv4, "172.30.1.128/24", "the first address of the range");
  const [status] = network.ipamStatus();
  assert.equal(status?.pool, "172.30.1.0/24");
  assert.deepEqual(await endpoint.driverInfo(), {
    "com.docker.network.endpoint.macaddress": endpoint.mac,
    bridge: `br-${network.id.slice(0, 12)}`,
    hostInterface: null,
  });
  assert.deepEqual(host.controller.builtinDrivers(), ["bridge", "host", "null"]);
  assert.deepEqual(host.controller.builtinIpamDrivers(), ["default", "null"]);
});

test("attach is endpoint, sandbox and join in one; the sandbox takes its endpoint along, or leaves it for another", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await dualStack(host, "n", 1);
  const first = await controller.attach(network, { containerId: "a", sandbox: { hostname: "h" } });
  assert.equal(first.endpoint.name, "a");
  assert.equal(readFileSync(first.sandbox.files.hostname, "utf8"), "h\n");
  const nameless = await controller.attach(network);
  assert.match(nameless.sandbox.containerId, /^[0-9a-f]{64}$/);
  await assertTalking(first.sandbox, nameless.sandbox);

  await first.sandbox.delete();
  assert.equal(network.endpointByName("a"), first.endpoint, "kept");
  const heir = await controller.newSandbox("heir");
  await first.endpoint.join(heir);
  await assertTalking(heir, nameless.sandbox);
  await heir.delete({ endpoints: "delete" });
  assert.equal(network.endpointByName("a"), undefined);
  await controller.sandboxDestroy(nameless.sandbox.containerId);
  assert.deepEqual(network.endpoints(), []);
});

test("who has left is cut off at once, though a process still lives in the sandbox", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const { sandbox: web } = await host.controller.attach(network, { containerId: "web" });
  const { sandbox, endpoint } = await host.controller.attach(network, { containerId: "client" });
  using _process = sandbox.spawn("sleep", ["60"], { stdio: "ignore" });
  assert.equal(await reaches(sandbox, web, "172.30.1.2"), "172.30.1.3");
  await endpoint.leave(sandbox);
  assert.equal(await reaches(sandbox, web, "172.30.1.2", 200), undefined);
});

test("an address that was given back is not handed out again at once", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const first = await network.createEndpoint("first");
  await first.delete();
  const second = await network.createEndpoint("second");
  assert.deepEqual([first.ipv4, second.ipv4], ["172.30.1.2/24", "172.30.1.3/24"]);
  const again = await network.createEndpoint("again", { ipv4: "172.30.1.2" });
  assert.equal(again.ipv4, "172.30.1.2/24");
});

test("console.log shows what each object is", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "front", 1);
  const { endpoint, sandbox } = await host.controller.attach(network, { containerId: "web" });
  assert.equal(inspect(network), `Network front bridge 172.30.1.0/24 (${network.id})`);
  assert.equal(inspect(endpoint), `Endpoint web of front 172.30.1.2/24 in web (${endpoint.id})`);
  assert.equal(inspect(sandbox), `Sandbox web ${sandbox.netnsPath} (${sandbox.id})`);
});

test("connect makes an endpoint in a sandbox, or leaves nothing", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await ipv4Only(host, "n", 1);
  const sandbox = await controller.newSandbox("c1");
  const { sandbox: other } = await controller.attach(network, { containerId: "c2" });
  const endpoint = await network.connect(sandbox, "web", { interfaceName: "front" });
  assert.equal(endpoint.sandbox, sandbox);
  assert.deepEqual(interfacesOf(sandbox), ["front"]);
  await assertTalking(sandbox, other);
  const second = await ipv4Only(host, "second", 2);
  const before = host.state();
  await assert.rejects(second.connect(sandbox, "web", { interfaceName: "front" }), {
    code: "interface_name_in_use",
  });
  assert.deepEqual(await host.settled(before), before);
  assert.deepEqual(second.endpoints(), []);
  await assert.rejects(second.connect({} as typeof sandbox, "web"), { code: "invalid_option" });
});
