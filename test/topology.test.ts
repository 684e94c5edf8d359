// controller.topology(): what it says is what the kernel has, under the names that the model has for it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { link, type NetNamespace } from "@causeway/kernel";
import { type LiveInterface, type Topology, topologyText } from "@causeway/libnetwork";
import { eventually } from "./support/eventually.ts";
import { namespaceOf, TestHost } from "./support/host.ts";
import { Outside } from "./support/outside.ts";

const subnets = (...both: string[]) => ({ ipam: { config: both.map((subnet) => ({ subnet })) } });

/** What ip(8) has to say of each interface but loopback. */
function byIp(namespace: NetNamespace): readonly Partial<LiveInterface>[] {
  const ip = (...args: string[]) =>
    JSON.parse(
      namespace.run(() => execFileSync("ip", ["-json", "-details", ...args], { encoding: "utf8" })),
    ) as IpItem[];
  const links = ip("address").filter(({ link_type }) => link_type !== "loopback");
  const defaults = [...ip("-4", "route", "show", "default"), ...ip("-6", "route", "show", "default")];
  return links.map((item) => ({
    name: item.ifname,
    index: item.ifindex,
    kind: item.linkinfo?.info_kind,
    up: item.flags.includes("UP"),
    mac: item.address,
    mtu: item.mtu,
    addresses: item.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    gateways: defaults.filter(({ dev }) => dev === item.ifname).map(({ gateway }) => gateway),
    master: links.find(({ ifname }) => ifname === item.master)?.ifindex,
    parent: item.link_index,
    owner: item.ifalias,
  }));
}

interface IpItem {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_type: string;
  readonly link_index?: number;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly flags: readonly string[];
  readonly address: string;
  readonly mtu: number;
  readonly master?: string;
  readonly ifalias?: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
  readonly dev: string;
  readonly gateway: string;
}

const nameIn = (interfaces: readonly LiveInterface[], index: number | undefined) =>
  interfaces.find((found) => found.index === index)?.name;

/** For each joined endpoint: network, bridge, sandbox, and the names of both ends of its pair. */
function wires({ host, networks, sandboxes, endpoints }: Topology): readonly string[] {
  return endpoints
    .map((endpoint) => {
      const network = networks.find(({ id }) => id === endpoint.networkId);
      const sandbox = sandboxes.find(({ id }) => id === endpoint.sandboxId);
      const inside = nameIn(sandbox?.interfaces ?? [], endpoint.interface);
      const hostEnd = nameIn(host, endpoint.hostInterface)?.replace(/^veth[0-9a-f]{11}$/, "veth");
      return `${network?.name} ${hostEnd} ${sandbox?.containerId} ${inside}`;
    })
    .sort();
}

test("interfaces are those that ip(8) shows, in the host and in every sandbox", async (t) => {
  const host = await TestHost.create(t);
  using _outside = new Outside(host);
  const { controller } = host;
  const first = await controller.newNetwork("bridge", "first", subnets("172.30.0.0/24", "fd00:30::/64"));
  const second = await controller.newNetwork("bridge", "second", subnets("172.31.0.0/24"));
  const publish = [{ hostPort: 8080, containerPort: 80 }];
  const { sandbox: web } = await controller.attach(first, { containerId: "web", endpoint: { publish } });
  const { sandbox: app } = await controller.attach(first, { containerId: "app" });
  await (await second.createEndpoint("app")).join(app);

  // Link-local addresses come in the kernel's own time.
  const topology = await eventually(async () => {
    const topology = await controller.topology();
    assert.deepEqual(topology.host, byIp(host.namespace));
    for (const sandbox of [web, app]) {
      using namespace = namespaceOf(sandbox);
      const seen = topology.sandboxes.find(({ id }) => id === sandbox.id);
      assert.deepEqual(seen?.interfaces, byIp(namespace));
      assert.equal(seen?.key, sandbox.netnsPath);
    }
    return topology;
  });
  assert.deepEqual(wires(topology), ["first veth app eth0", "first veth web eth0", "second veth app eth1"]);
  const byName = new Map(topology.networks.map((network) => [network.name, network]));
  assert.deepEqual(byName.get("first")?.subnets, ["172.30.0.0/24", "fd00:30::/64"]);
  assert.equal(nameIn(topology.host, byName.get("second")?.bridge), `br-${second.id.slice(0, 12)}`);
  assert.deepEqual(
    topology.endpoints.flatMap(({ bindings }) => bindings.map(({ hostPort }) => hostPort)),
    [8080, 8080],
  );
  assert.deepEqual(structuredClone(topology), topology, "plain data");
});

test("stacks that are shared, the host's own, or still to come; a bridge that was there before", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  host.rtnl.execute(link.create({ name: "mine", info: { kind: "bridge" } }));
  const network = await controller.newNetwork("bridge", "n", {
    ...subnets("172.30.0.0/24"),
    driverOptions: { bridgeName: "mine" },
  });
  const { sandbox: pod } = await controller.attach(network, { containerId: "pod" });
  await controller.newSandbox("sidecar", { shareWith: "pod" });
  await controller.newSandbox("agent", { useHostNetwork: true });
  const waiting = await controller.newSandbox("waiting", { externalKey: true });
  await (await network.createEndpoint("waiting")).join(waiting);

  const topology = await controller.topology();
  const byContainer = new Map(topology.sandboxes.map((sandbox) => [sandbox.containerId, sandbox]));
  assert.equal(byContainer.get("sidecar")?.sharedWith, pod.id);
  assert.deepEqual(byContainer.get("sidecar")?.interfaces, []);
  assert.equal(byContainer.get("agent")?.usesHostNetwork, true);
  assert.deepEqual(byContainer.get("agent")?.interfaces, []);
  assert.equal(byContainer.get("waiting")?.key, undefined);
  assert.deepEqual(wires(topology), ["n undefined waiting undefined", "n veth pod eth0"]);
  const { bridge } = topology.networks.find(({ name }) => name === "n") ?? {};
  assert.equal(nameIn(topology.host, bridge), "mine");
  assert.match(topologyText(topology), /waiting: waits for a namespace/);
  host.rtnl.execute(link.remove({ name: "mine" }));
});

test("what somebody else has taken away is not shown as if it were there", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await controller.newNetwork("bridge", "n", subnets("172.30.0.0/24"));
  const { sandbox } = await controller.attach(network, { containerId: "robbed" });
  using namespace = namespaceOf(sandbox);
  namespace.run(() => execFileSync("ip", ["link", "delete", "eth0"]));
  const topology = await controller.topology();
  assert.deepEqual(wires(topology), ["n undefined robbed undefined"]);
  assert.match(topologyText(topology), /robbed: the kernel shows no interface/);
});

test("many sandboxes, some deleted while the kernel is asked: those that are left", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await controller.newNetwork("bridge", "n", subnets("172.30.0.0/24"));
  for (let at = 0; at < 20; at++) await controller.attach(network, { containerId: `c${at}` });
  const asked = controller.topology();
  await controller.sandboxDestroy("c0");
  await controller.sandboxDestroy("c19");
  const topology = await asked;
  assert.ok(topology.sandboxes.length >= 18);
  for (const { sandboxId } of topology.endpoints) {
    assert.ok(sandboxId === undefined || topology.sandboxes.some(({ id }) => id === sandboxId));
  }
});

test("uninstall leaves nothing of ours in the kernel, and refuses while there are networks", async (t) => {
  const host = await TestHost.create(t, { defaultNetwork: {} });
  const { controller } = host;
  const network = await controller.newNetwork("bridge", "n", subnets("172.30.0.0/24"));
  await assert.rejects(controller.uninstall(), { code: "networks_left", message: /networks: n;/ });
  await network.delete();
  const hostly = await controller.newSandbox("hostly", { useHostNetwork: true });
  await hostly.delete();
  await controller.uninstall();
  assert.deepEqual(readdirSync(join(host.options.runDir, "netns")), []);
  const ruleset = host.namespace.run(() => execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" }));
  assert.equal(ruleset, "");
  assert.deepEqual(byIp(host.namespace), []);
  await assert.rejects(controller.topology(), { code: "controller_closed" });
  await assert.rejects(controller.uninstall(), { code: "controller_closed" });
});
