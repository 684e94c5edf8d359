// Docker's Engine API: containers, and how they get into networks and out of them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import type { ContainerCreated } from "@causeway/daemon/api";
import type { Sandbox } from "@causeway/libnetwork";
import { TestDaemon } from "../support/daemon.ts";
import { namespaceOf } from "../support/host.ts";
import { addressesOf, interfacesOf, sysctlOf, wayOut } from "../support/inside.ts";
import { canConnect, serve } from "../support/traffic.ts";

interface Network {
  readonly Containers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

interface Container {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly Status: string;
  readonly Ports: readonly object[];
}

const filters = (given: unknown) => `filters=${encodeURIComponent(JSON.stringify(given))}`;

async function network(daemon: TestDaemon, Name: string, ...subnets: readonly string[]): Promise<void> {
  const Config = subnets.map((Subnet) => ({ Subnet }));
  const EnableIPv6 = subnets.some((subnet) => subnet.includes(":"));
  const made = await daemon.ask("POST", "/networks/create", { Name, EnableIPv6, IPAM: { Config } });
  assert.equal(made.status, 201, made.text);
}

async function connect(daemon: TestDaemon, to: string, Container: string, EndpointConfig?: object) {
  const { status, text } = await daemon.ask("POST", `/networks/${to}/connect`, { Container, EndpointConfig });
  return [status, text] as const;
}

async function disconnect(daemon: TestDaemon, from: string, Container: string, Force = false) {
  const body = { Container, Force };
  const { status, text } = await daemon.ask("POST", `/networks/${from}/disconnect`, body);
  return [status, text] as const;
}

async function reaches(from: Sandbox, address: string): Promise<boolean> {
  using namespace = namespaceOf(from);
  return canConnect(namespace, address, 80);
}

test("a container that is connected reaches the others of the network, and one that is disconnected does not", async (t) => {
  const daemon = await TestDaemon.start(t);
  const { controller } = daemon.daemon;
  await network(daemon, "n1", "10.81.0.0/24");
  const [c1, c2] = [await controller.newSandbox("c1"), await controller.newSandbox("c2")];
  assert.deepEqual(await connect(daemon, "n1", "c1"), [200, ""]);
  const config = { IPAMConfig: { IPv4Address: "10.81.0.20" }, Aliases: ["web"] };
  assert.deepEqual(await connect(daemon, "n1", c2.id.slice(0, 12), config), [200, ""]);
  using served = namespaceOf(c2);
  await using _server = await serve(served, { port: 80 });
  assert.equal(await reaches(c1, "10.81.0.20"), true);

  const { body } = await daemon.ask("GET", "/networks/n1");
  const { Containers } = body as Network;
  assert.deepEqual(Object.keys(Containers).sort(), [c1.id, c2.id].sort());
  const { EndpointID, MacAddress, ...shown } = Containers[c2.id] ?? {};
  assert.deepEqual(shown, { Name: "c2", IPv4Address: "10.81.0.20/24", IPv6Address: "" });
  assert.match(EndpointID ?? "", /^[0-9a-f]{64}$/);
  assert.match(MacAddress ?? "", /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);

  assert.deepEqual(await disconnect(daemon, "n1", "c1"), [200, ""]);
  assert.equal(await reaches(c1, "10.81.0.20"), false);
  assert.deepEqual(interfacesOf(c1), []);
  assert.deepEqual(await connect(daemon, "n1", "c1"), [200, ""]);
  assert.equal(await reaches(c1, "10.81.0.20"), true);
});

test("what an endpoint's settings ask for is so in the container", async (t) => {
  const daemon = await TestDaemon.start(t);
  const { controller } = daemon.daemon;
  await network(daemon, "n1", "10.81.0.0/24", "fd00:81::/64");
  await network(daemon, "n2", "10.82.0.0/24");
  const c1 = await controller.newSandbox("c1");
  const settings = {
    IPAMConfig: { IPv4Address: "10.81.0.20", IPv6Address: "fd00:81::20" },
    MacAddress: "02:42:00:00:00:51",
    DriverOpts: {
      "com.docker.network.endpoint.ifname": "front",
      "com.docker.network.endpoint.sysctls":
        "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0",
    },
    Aliases: ["web"],
    GwPriority: 0,
  };
  assert.deepEqual(await connect(daemon, "n1", "c1", settings), [200, ""]);
  assert.deepEqual(interfacesOf(c1), ["front"]);
  const addresses = addressesOf(c1, "front");
  assert.ok(
    addresses.some((address) => address.startsWith("10.81.0.20/")),
    addresses.join(),
  );
  assert.ok(
    addresses.some((address) => address.startsWith("fd00:81::20/")),
    addresses.join(),
  );
  assert.equal(sysctlOf(c1, "net/ipv4/conf/front/log_martians"), "1");
  assert.deepEqual(await connect(daemon, "n2", "c1", { GwPriority: 7 }), [200, ""]);
  assert.equal(wayOut(c1, 4), "10.82.0.1 by eth0");
  const { body } = await daemon.ask("GET", "/containers/c1/json");
  const { NetworkSettings, Name, State } = body as {
    Name: string;
    State: { Status: string };
    NetworkSettings: { Networks: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  };
  assert.deepEqual([Name, State.Status], ["/c1", "running"]);
  const { NetworkID, EndpointID, ...shown } = NetworkSettings.Networks.n1 ?? {};
  assert.match(`${NetworkID} ${EndpointID}`, /^[0-9a-f]{64} [0-9a-f]{64}$/);
  assert.deepEqual(shown, {
    IPAMConfig: settings.IPAMConfig,
    Links: null,
    Aliases: ["web"],
    DriverOpts: settings.DriverOpts,
    GwPriority: 0,
    Gateway: "10.81.0.1",
    IPAddress: "10.81.0.20",
    IPPrefixLen: 24,
    IPv6Gateway: "fd00:81::1",
    GlobalIPv6Address: "fd00:81::20",
    GlobalIPv6PrefixLen: 64,
    MacAddress: "02:42:00:00:00:51",
    DNSNames: ["c1", "web"],
  });
});

test("a connection that is refused is refused in Docker's words and leaves nothing", async (t) => {
  const daemon = await TestDaemon.start(t, { controller: { defaultNetwork: {} } });
  const { controller } = daemon.daemon;
  await network(daemon, "n1", "10.81.0.0/24");
  await network(daemon, "automatic");
  const c1 = await controller.newSandbox("c1");
  await controller.newSandbox("onhost", { useHostNetwork: true });
  await controller.newSandbox("sharer", { shareWith: "c1" });
  await connect(daemon, "n1", "c1");
  // It is in n2 under another name than Docker would give it.
  await network(daemon, "n2", "10.82.0.0/24");
  await (await controller.networkByName("n2")?.createEndpoint("alias"))?.join(c1);
  const before = (await daemon.ask("GET", "/networks/n1")).text;
  const address = (IPv4Address: string) => ({ IPAMConfig: { IPv4Address } });
  const refusals: [to: string, container: string, config: object | undefined, number, RegExp][] = [
    ["n1", "c1", undefined, 403, /^endpoint with name c1 already exists in network n1$/],
    ["n2", "c1", undefined, 403, /^endpoint with name c1 already exists in network n2$/],
    ["n1", "zz", undefined, 404, /^No such container: zz$/],
    ["zz", "c1", undefined, 404, /^network zz not found$/],
    ["n1", "", undefined, 400, /^invalid name or ID supplied: ""$/],
    [
      "host",
      "c1",
      undefined,
      400,
      /^container cannot be disconnected from host network or connected to host/,
    ],
    ["none", "c1", undefined, 400, /^container cannot be connected to multiple networks with one of/],
    ["n1", "onhost", undefined, 400, /^container sharing network namespace with another container or host/],
    ["n1", "sharer", undefined, 400, /^container sharing network namespace with another container or host/],
    ["bridge", "c1", { Aliases: ["x"] }, 400, /^network-scoped alias is supported only for containers in/],
    ["bridge", "c1", address("172.17.0.9"), 400, /^user specified IP address is supported on user defined/],
    ["automatic", "c1", address("172.18.0.9"), 400, /^user specified IP address is supported only when/],
    ["automatic", "c1", { Links: ["a:b:c"] }, 400, /^bad format for links: a:b:c/],
    ["automatic", "c1", { Links: ["a b"] }, 400, /a b/],
    [
      "automatic",
      "c1",
      { IPAMConfig: { LinkLocalIPs: ["169.254.1.1"] } },
      501,
      /^link-local addresses \(169.254.1.1\)/,
    ],
    ["automatic", "c1", { MacAddress: "zz" }, 400, /zz/],
    ["automatic", "c1", { DriverOpts: { zz: "1" } }, 400, /zz/],
    ["automatic", "c1", { DriverOpts: { "com.docker.network.endpoint.sysctls": "zz" } }, 400, /zz/],
    ["automatic", "c1", { DriverOpts: { "com.docker.network.endpoint.ifname": "eth0" } }, 409, /eth0/],
  ];
  for (const [to, container, config, status, words] of refusals) {
    const [answered, text] = await connect(daemon, to, container, config);
    assert.equal(answered, status, `${to} ${container}: ${text}`);
    assert.match((JSON.parse(text) as { message: string }).message, words);
  }
  assert.equal((await daemon.ask("GET", "/networks/n1")).text, before);
  assert.deepEqual(interfacesOf(c1), ["eth0", "eth1"]);
  for (const name of ["automatic", "bridge"]) {
    const { body } = await daemon.ask("GET", `/networks/${name}`);
    assert.deepEqual((body as Network).Containers, {});
  }
  const [busy, why] = [await daemon.ask("DELETE", "/networks/n1"), /has active endpoints \(name:"c1" id:"/];
  assert.equal(busy.status, 403);
  assert.match(busy.text.replaceAll('\\"', '"'), why);
});

test("disconnecting says what is not connected, and by force lets go of an endpoint whose container is gone", async (t) => {
  const daemon = await TestDaemon.start(t);
  const { controller } = daemon.daemon;
  await network(daemon, "n1", "10.81.0.0/24");
  const c1 = await controller.newSandbox("c1");
  const not = `{"message":"container ${c1.id} is not connected to network n1"}`;
  assert.deepEqual(await disconnect(daemon, "n1", "c1"), [403, not]);
  assert.deepEqual(await disconnect(daemon, "n1", "c1", true), [403, not]);
  assert.deepEqual(await disconnect(daemon, "n1", "zz"), [404, '{"message":"No such container: zz"}']);
  assert.deepEqual(await disconnect(daemon, "n1", "zz", true), [404, '{"message":"endpoint zz not found"}']);
  await controller.networkByName("n1")?.createEndpoint("orphan");
  const { body } = await daemon.ask("GET", "/networks/n1");
  const { Containers } = body as Network;
  assert.match(Object.keys(Containers).join(), /^ep-[0-9a-f]{64}$/);
  assert.deepEqual(await disconnect(daemon, "n1", "orphan", true), [200, ""]);
  assert.deepEqual(controller.networkByName("n1")?.endpoints(), []);
});

test("containers are listed with their published ports, and every filter finds what it is for", async (t) => {
  const daemon = await TestDaemon.start(t);
  const { controller } = daemon.daemon;
  await network(daemon, "n1", "10.81.0.0/24");
  const n1 = controller.networkByName("n1");
  assert.ok(n1 !== undefined);
  const { sandbox } = await controller.attach(n1, {
    containerId: "web",
    endpoint: {
      publish: [{ containerPort: 80, hostPort: 8080, hostAddress: "127.0.0.1" }],
      exposedPorts: ["9/udp"],
    },
    sandbox: { labels: { tier: "front" } },
  });
  await controller.newSandbox("idle");
  const list = async (query: string) => {
    const { body, text } = await daemon.ask("GET", `/containers/json?${query}`);
    assert.ok(Array.isArray(body), text);
    return body as Container[];
  };
  const names = async (given: unknown) =>
    (await list(filters(given)))
      .flatMap(({ Names }) => Names)
      .sort()
      .join(" ");
  assert.equal((await list("limit=1")).length, 1);
  const [web] = await list(`size=1&${filters({ name: ["^/?web$"] })}`);
  assert.equal(web?.Id, sandbox.id);
  assert.match(web.Status, /^Up /);
  assert.deepEqual(web.Ports, [
    { IP: "127.0.0.1", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
    { PrivatePort: 9, Type: "udp" },
  ]);
  assert.equal(await names({}), "/idle /web");
  assert.equal(await names({ id: { [sandbox.id.slice(0, 16)]: true } }), "/web");
  assert.equal(await names({ label: { "tier=front": true } }), "/web");
  assert.equal(await names({ network: { n1: true } }), "/web");
  assert.equal(await names({ network: { [n1.id]: true } }), "/web");
  assert.equal(await names({ network: { zz: true } }), "");
  assert.equal(await names({ status: { running: true } }), "/idle /web");
  assert.equal(await names({ status: { exited: true } }), "");
  assert.equal(await names({ publish: { "8000-8080": true } }), "/web");
  assert.equal(await names({ publish: { "80": true } }), "");
  assert.equal(await names({ expose: { "9/udp": true } }), "/web");
  assert.equal(await names({ since: { web: true } }), "/idle");
  assert.equal(await names({ before: { idle: true } }), "/web");
  assert.equal(await names({ volume: { v: true } }), "");
  const { body } = await daemon.ask("GET", "/containers/web/json");
  const { NetworkSettings } = body as { NetworkSettings: { Ports: object } };
  assert.deepEqual(NetworkSettings.Ports, {
    "9/udp": null,
    "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }],
  });
  for (const [query, words] of [
    [filters({ zz: { a: true } }), "Invalid filter 'zz'"],
    [filters({ status: { a: true } }), "Invalid filter 'status=a'"],
    ["limit=zz", 'strconv.Atoi: parsing "zz": invalid syntax'],
  ]) {
    const { status, text } = await daemon.ask("GET", `/containers/json?${query}`);
    assert.deepEqual([status, text], [400, JSON.stringify({ message: words })]);
  }
});

test("containers that have ended, and those that have not begun, are listed where they are asked for, by how they ended", async (t) => {
  const daemon = await TestDaemon.start(t);
  const create = async (name: string, code: number) => {
    const networks = [{ network: "none" }];
    const body = { kind: "process", name, networks, command: ["sh", "-c", `exit ${code}`] };
    const made = await daemon.ask("POST", "/cnm/v1/containers", body);
    assert.equal(made.status, 201, made.text);
    return made.body as ContainerCreated;
  };
  const run = async ({ container, launch }: ContainerCreated) => {
    const [program = "", ...words] = launch?.command ?? [];
    await once(spawn(program, words, { cwd: launch?.directory, stdio: "ignore" }), "close");
    await daemon.ask("GET", `/cnm/v1/containers/${container.id}/wait`);
  };
  await run(await create("three", 3));
  await run(await create("fine", 0));
  const { container } = await create("waits", 0);
  // A name goes before the beginning of another's id.
  const named = await create(container.id.slice(0, 6), 0);
  const names = async (query: string) => {
    const { body, text } = await daemon.ask("GET", `/containers/json?${query}`);
    assert.ok(Array.isArray(body), text);
    return (body as Container[]).flatMap(({ Names }) => Names).sort();
  };
  const all = ["/fine", "/three", "/waits", `/${named.container.name}`].sort();
  assert.deepEqual(await names(""), []);
  assert.deepEqual(await names("all=1"), all);
  assert.deepEqual(await names(filters({ exited: { "3": true } })), ["/three"]);
  assert.deepEqual(await names(filters({ exited: { "0": true, "3": true } })), ["/fine", "/three"]);
  assert.deepEqual(await names(filters({ status: { created: true }, name: { waits: true } })), ["/waits"]);
  const { body } = await daemon.ask("GET", `/containers/${named.container.name}/json`);
  assert.equal((body as Container).Id, named.container.id);
  for (const name of all) await daemon.ask("DELETE", `/cnm/v1/containers${name}?force=true`);
  assert.deepEqual(await names("all=1"), []);
});
