// What is done in which order, what is taken back, and what is answered to whoever asks twice.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  endpointId,
  endpointRequest,
  hostEndName,
  ids,
  joinRequest,
  networkId,
  networkRequest,
  otherNetworkId,
  portsRequest,
  ServedWorld,
} from "./serving-test-support.ts";

const farName = (number: number) => `peer${endpointId(number).slice(0, 11)}`;

async function withNetwork(t: Pick<TestContext, "after">) {
  const world = new ServedWorld(t);
  await world.driver.createNetwork(networkRequest());
  world.steps();
  return world;
}

async function withJoined(t: Pick<TestContext, "after">, port?: number) {
  const world = await withNetwork(t);
  await world.driver.createEndpoint(endpointRequest(1));
  await world.driver.join(joinRequest(1));
  if (port !== undefined) await world.driver.programExternalConnectivity(portsRequest(1, port));
  world.steps();
  return world;
}

describe("what is made", () => {
  it("is stored after it is there, and taken back where it cannot be stored", async (t) => {
    const world = new ServedWorld(t);
    const { driver } = world;
    const refused = async (call: () => unknown, kind: string, taken: readonly string[]) => {
      world.failing = `put ${kind}`;
      await assert.rejects(async () => call(), { message: `no put ${kind}` });
      assert.deepEqual(world.steps(), taken);
      world.failing = "";
      await call();
      assert.equal(world.steps().at(-1), `put ${kind}`);
    };
    await refused(() => driver.createNetwork(networkRequest()), "served-network", [
      "createNetwork",
      "letPass",
      "put served-network",
      "deleteNetwork",
    ]);
    await refused(() => driver.createEndpoint(endpointRequest(1)), "served-endpoint", [
      "createEndpoint",
      "put served-endpoint",
      "deleteEndpoint",
    ]);
    await refused(() => driver.join(joinRequest(1)), "served-endpoint", [
      "join",
      "put served-endpoint",
      "leave",
    ]);
    await refused(() => driver.programExternalConnectivity(portsRequest(1, 8080)), "served-endpoint", [
      "publish",
      "put served-endpoint",
      "unpublish 8080",
    ]);
  });

  it("is the same one where it is asked for again, and is another's where it differs", async (t) => {
    const world = await withNetwork(t);
    const { driver } = world;
    await driver.createNetwork(networkRequest());
    await assert.rejects(
      driver.createNetwork(networkRequest({ Options: { "com.docker.network.internal": true } })),
      {
        code: "network_exists",
      },
    );
    const made = await driver.createEndpoint(endpointRequest(1));
    world.steps();
    assert.deepEqual(await driver.createEndpoint(endpointRequest(1)), made);
    for (const change of [
      { Address: "10.1.0.9/24" },
      { AddressIPv6: "fd00::9/64" },
      { MacAddress: "02:00:00:00:00:09" },
    ])
      await assert.rejects(driver.createEndpoint(endpointRequest(1, change)), { code: "endpoint_exists" });
    const mac = "02:00:00:00:00:02";
    await driver.createEndpoint(endpointRequest(2, { MacAddress: mac }));
    world.steps();
    assert.deepEqual(await driver.createEndpoint(endpointRequest(2, { MacAddress: mac })), { Interface: {} });
    await assert.rejects(driver.createEndpoint(endpointRequest(2, { MacAddress: "02:00:00:00:00:03" })), {
      code: "endpoint_exists",
    });
    assert.deepEqual(world.steps(), []);
  });

  it("answers the MAC where we chose it, and no MAC that was given", async (t) => {
    const { driver } = await withNetwork(t);
    const mac = async (request: Parameters<typeof driver.createEndpoint>[0]) =>
      (await driver.createEndpoint(request)).Interface?.MacAddress;
    assert.equal(await mac(endpointRequest(1)), "02:42:0a:01:00:02", "it says the address");
    assert.equal(await mac(endpointRequest(2, { MacAddress: "02:00:00:00:00:02" })), undefined);
    const option = { "com.docker.network.endpoint.macaddress": "02:42:0a:01:00:05" };
    assert.equal(
      await mac(endpointRequest(3, {}, option)),
      "02:42:0a:01:00:05",
      "it stood where it is not given",
    );
    const other = await mac(endpointRequest(4));
    assert.match(other ?? "", /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    assert.notEqual(other, "02:42:0a:01:00:05", "another endpoint has it");
  });
});

describe("a join", () => {
  it("that is asked for again, while nobody took the link, is answered as the first time", async (t) => {
    const world = await withNetwork(t);
    const { driver } = world;
    await driver.createEndpoint(endpointRequest(1));
    world.steps();
    const first = await driver.join(joinRequest(1));
    assert.deepEqual(first.InterfaceName, { SrcName: farName(1), DstPrefix: "eth" });
    assert.deepEqual(world.steps(), ["join", "put served-endpoint"]);
    const { index } = world.rtnl.findLink({ name: farName(1) }) ?? {};
    assert.deepEqual(await driver.join(joinRequest(1)), first);
    assert.deepEqual(world.steps(), []);
    assert.equal(world.rtnl.findLink({ name: farName(1) })?.index, index);
    // Its sandbox is gone without a word.
    world.loseLinks(endpointId(1));
    assert.deepEqual(await driver.join(joinRequest(1)), first);
    assert.deepEqual(world.steps(), ["leave", "join", "put served-endpoint"]);
    assert.equal(world.hasLink(farName(1)), true);
  });

  it("is of the network that the endpoint is in", async (t) => {
    const world = await withJoined(t, 8080);
    const { driver } = world;
    const wrong = ids(1, otherNetworkId);
    await assert.rejects(driver.join({ ...joinRequest(1), ...wrong }), { code: "endpoint_not_found" });
    await assert.rejects(async () => driver.endpointOperInfo(wrong), { code: "endpoint_not_found" });
    await driver.leave(wrong);
    await driver.revokeExternalConnectivity(wrong);
    await driver.deleteEndpoint(wrong);
    assert.deepEqual(world.steps(), []);
    const { Value } = await driver.endpointOperInfo(ids(1));
    assert.deepEqual(Value, { bridge: "bridge0", published: ["tcp 0.0.0.0 8080 to 10.1.0.2 80"] });
  });
});

describe("published ports", () => {
  it("are not published twice, and are given back when they are revoked or the endpoint leaves", async (t) => {
    const world = await withJoined(t, 8080);
    const { driver } = world;
    await driver.programExternalConnectivity(portsRequest(1, 8080));
    assert.deepEqual(world.steps(), []);
    await driver.revokeExternalConnectivity(ids(1));
    assert.deepEqual(world.steps(), ["put served-endpoint", "unpublish 8080"]);
    await driver.revokeExternalConnectivity(ids(1));
    assert.deepEqual(world.steps(), []);
    await driver.programExternalConnectivity(portsRequest(1, 8081));
    world.steps();
    await driver.leave(ids(1));
    assert.deepEqual(world.steps(), ["put served-endpoint", "unpublish 8081"]);
    await driver.revokeExternalConnectivity(ids(1));
    await driver.leave(ids(1));
    assert.deepEqual(world.steps(), []);
  });

  it("are none on an internal network", async (t) => {
    const world = new ServedWorld(t);
    const { driver } = world;
    await driver.createNetwork(networkRequest({ Options: { "com.docker.network.internal": true } }));
    await driver.createEndpoint(endpointRequest(1));
    await driver.join(joinRequest(1));
    world.steps();
    await driver.programExternalConnectivity(portsRequest(1, 8080));
    assert.deepEqual(world.steps(), []);
  });
});

describe("what is taken away", () => {
  it("is out of the books before it is out of the kernel", async (t) => {
    const world = await withJoined(t);
    const { driver } = world;
    await driver.createEndpoint(endpointRequest(2));
    world.steps();
    await driver.deleteEndpoint(ids(1));
    assert.deepEqual(world.steps(), ["delete served-endpoint", "leave", "deleteEndpoint"]);
    await driver.deleteEndpoint(ids(1));
    assert.deepEqual(world.steps(), []);
    await driver.deleteNetwork({ NetworkID: networkId });
    assert.deepEqual(world.steps(), [
      "delete served-endpoint, delete served-network",
      "deleteEndpoint",
      "deleteNetwork",
    ]);
    await driver.deleteNetwork({ NetworkID: networkId });
    assert.deepEqual(world.steps(), []);
  });

  it("leaves its links to dockerd until the endpoint is deleted, and no longer", async (t) => {
    const world = await withJoined(t);
    await world.driver.leave(ids(1));
    await world.driver.leave(ids(1));
    assert.deepEqual(world.steps(), ["put served-endpoint"]);
    assert.equal(world.hasLink(hostEndName(endpointId(1))), true);
    await world.driver.deleteEndpoint(ids(1));
    assert.deepEqual(world.steps(), ["delete served-endpoint", "leave", "deleteEndpoint"]);
    await world.reaper.drain();
    assert.equal(world.hasLink(hostEndName(endpointId(1))), false);
    await world.owed.payAll();
    assert.deepEqual(world.steps(), [], "the driver is told once");
  });

  it("waits no longer where the endpoint joins again", async (t) => {
    const world = await withJoined(t);
    await world.driver.leave(ids(1));
    world.steps();
    await world.driver.join(joinRequest(1));
    assert.deepEqual(world.steps(), ["leave", "join", "put served-endpoint"]);
  });
});

describe("an address that dockerd gives away again", () => {
  it("is taken from an endpoint that it has forgotten", async (t) => {
    const world = await withNetwork(t);
    const { driver } = world;
    await driver.createEndpoint(endpointRequest(1, { AddressIPv6: "fd00::2/64" }));
    world.steps();
    await driver.createEndpoint(endpointRequest(2, { AddressIPv6: "fd00::2/64" }));
    assert.deepEqual(world.steps(), [
      "delete served-endpoint",
      "deleteEndpoint",
      "createEndpoint",
      "put served-endpoint",
    ]);
    await driver.createEndpoint(endpointRequest(3, { Address: "10.1.0.3/24" }));
    assert.deepEqual(world.store.ids("served-endpoint"), [endpointId(3)]);
  });

  it("is left to one in a sandbox, until that is gone", async (t) => {
    const world = await withJoined(t);
    const { driver } = world;
    const again = endpointRequest(2, { Address: "10.1.0.2/24" });
    await assert.rejects(driver.createEndpoint(again), {
      code: "address_in_use",
      message: /10\.1\.0\.2\/24/,
    });
    assert.deepEqual(world.steps(), []);
    world.loseLinks(endpointId(1));
    await driver.createEndpoint(again);
    assert.deepEqual(world.store.ids("served-endpoint"), [endpointId(2)]);
  });
});

describe("Docker's filter", () => {
  it("is looked after with each network, and when dockerd starts anew and there are networks", async (t) => {
    const world = new ServedWorld(t);
    await world.driver.getCapabilities();
    assert.deepEqual(world.steps(), []);
    await world.driver.createNetwork(networkRequest());
    assert.deepEqual(world.steps(), ["createNetwork", "letPass", "put served-network"]);
    await world.driver.getCapabilities();
    assert.deepEqual(world.steps(), ["letPass"]);
  });
});
