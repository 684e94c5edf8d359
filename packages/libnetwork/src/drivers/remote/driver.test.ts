// What a plugin's answers are to the model.

import assert from "node:assert/strict";
import { it } from "node:test";
import type { RemoteNetworkDriver } from "@causeway/plugin-sdk";
import type { EndpointSpec, NetworkSpec } from "../../contracts/driver.ts";
import { RemoteDriver } from "./driver.ts";

const network: NetworkSpec = { id: "n", name: "n", internal: false, options: {}, ipv4: [], ipv6: [] };
const endpoint: EndpointSpec = {
  id: "e",
  networkId: "n",
  name: "e",
  interface: { mac: "", ipv4: undefined, ipv6: undefined },
  options: {},
  publish: [],
  macChosen: false,
  exposedPorts: [],
};

/** A driver of a plugin that answers so. */
function plugin({ scope = "local", join = {}, chosen = {} } = {}) {
  const remote = {
    client: { name: "mynet" },
    capabilities: async () => ({ scope }),
    createNetwork: async () => undefined,
    createEndpoint: async () => ({
      Interface: { MacAddress: "", Address: "", AddressIPv6: "", ...chosen },
    }),
    join: async () => ({
      InterfaceName: { SrcName: "x0", DstPrefix: "eth" },
      Gateway: "",
      GatewayIPv6: "",
      StaticRoutes: [],
      DisableGatewayService: false,
      ...join,
    }),
  };
  return new RemoteDriver(remote as unknown as RemoteNetworkDriver);
}

async function joined(join: object) {
  const driver = plugin({ join });
  await driver.createNetwork(network);
  await driver.createEndpoint(endpoint);
  return driver.join("n", "e", { sandboxId: "s", path: "/s" });
}

it("the scope that it said is known again after a restart, before it is asked", async () => {
  const state = await plugin({ scope: "global" }).createNetwork(network);
  const again = plugin();
  assert.equal(again.scope, "local");
  again.restoreNetwork(network, state);
  assert.equal(again.scope, "global");
});

it("a link without a name is none, and one without a prefix is called as usual", async () => {
  const prefix = async (InterfaceName: object) => (await joined({ InterfaceName })).interface?.prefix;
  assert.equal(await prefix({ SrcName: "x0", DstPrefix: "net" }), "net");
  assert.equal(await prefix({ SrcName: "x0", DstPrefix: "" }), "eth");
  assert.equal(await prefix({ SrcName: "", DstPrefix: "eth" }), undefined);
});

it("routes are by a next hop or on the link, and the gateway's service can be declined", async () => {
  const StaticRoutes = [
    { Destination: "10.2.0.0/16", RouteType: 0, NextHop: "10.1.0.9" },
    { Destination: "10.3.0.0/16", RouteType: 1, NextHop: "" },
  ];
  const answer = await joined({ StaticRoutes, DisableGatewayService: true, GatewayIPv6: "fd00::1" });
  assert.deepEqual(answer.staticRoutes, [
    { destination: "10.2.0.0/16", nextHop: "10.1.0.9" },
    { destination: "10.3.0.0/16", nextHop: undefined },
  ]);
  assert.deepEqual([answer.gatewayIpv4, answer.gatewayIpv6], [undefined, "fd00::1"]);
  assert.equal(answer.disableGatewayService, true);
  assert.equal((await joined({})).disableGatewayService, undefined);
});

it("a MAC that it chose is written as ours are, and what was given is not taken from it", async () => {
  const driver = plugin({ chosen: { MacAddress: "02-42-AA-BB-CC-01", Address: "10.1.0.9/24" } });
  await driver.createNetwork(network);
  const { chosen } = await driver.createEndpoint(endpoint);
  assert.deepEqual(chosen, { mac: "02:42:aa:bb:cc:01", ipv4: "10.1.0.9/24" });
  const given = { mac: "02:00:00:00:00:01", ipv4: "10.1.0.9/24", ipv6: undefined };
  const second = await driver.createEndpoint({ ...endpoint, id: "f", interface: given });
  assert.deepEqual(second.chosen, {});
});

it("an endpoint that was restored can join", async () => {
  const driver = plugin();
  driver.restoreNetwork(network, null);
  await assert.rejects(driver.join("n", "e", { sandboxId: "s", path: "/s" }), { code: "endpoint_not_found" });
  driver.restoreEndpoint(endpoint);
  assert.equal((await driver.join("n", "e", { sandboxId: "s", path: "/s" })).interface?.plan.kind, "move");
});

it("the plugin is told of hosts as dockerd tells it", async () => {
  const told: unknown[] = [];
  const remote = {
    client: { name: "mynet" },
    discoverNew: async (request: unknown) => told.push(request),
    discoverDelete: async (request: unknown) => told.push(request),
  };
  const driver = new RemoteDriver(remote as unknown as RemoteNetworkDriver);
  const host = { id: "a", name: "a", address: "192.0.2.1" };
  await driver.discoverNew(host, true);
  await driver.discoverDelete(host, false);
  assert.deepEqual(told, [
    { DiscoveryType: 1, DiscoveryData: { Address: "192.0.2.1", self: true } },
    { DiscoveryType: 1, DiscoveryData: { Address: "192.0.2.1", self: false } },
  ]);
});
