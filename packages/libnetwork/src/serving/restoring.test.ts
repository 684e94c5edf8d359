// What is known after a kill, and what becomes of it where the world has gone on meanwhile.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  endpointId,
  endpointRequest,
  hostEndName,
  ids,
  joinRequest,
  mark,
  networkId,
  networkRequest,
  portsRequest,
  ServedWorld,
} from "./serving-test-support.ts";

async function published(t: TestContext): Promise<ServedWorld> {
  const world = new ServedWorld(t);
  const { driver } = world;
  await driver.createNetwork(networkRequest());
  await driver.createEndpoint(endpointRequest(1));
  await driver.join(joinRequest(1));
  await driver.programExternalConnectivity(portsRequest(1, 8080));
  world.steps();
  return world;
}

const restoredNetwork = `restoreNetwork ${JSON.stringify({ made: networkId })}`;

describe("after a restart", () => {
  it("the driver is told of networks, endpoints and ports as they were, and goes on with them", async (t) => {
    const world = await published(t);
    await world.restart();
    assert.deepEqual(world.steps(), [restoredNetwork, "restoreEndpoint joined 8080"]);
    assert.deepEqual(world.problems, []);
    const { driver } = world;
    await driver.createNetwork(networkRequest());
    await driver.programExternalConnectivity(portsRequest(1, 8080));
    assert.deepEqual(world.steps(), [], "all that is there already");
    await driver.revokeExternalConnectivity(ids(1));
    assert.deepEqual(world.steps(), ["put served-endpoint", "unpublish 8080"]);
    await driver.programExternalConnectivity(portsRequest(1, 8081));
    await driver.leave(ids(1));
    world.steps();
    await world.restart();
    assert.deepEqual(world.steps(), [restoredNetwork, "restoreEndpoint not joined"]);
    await world.driver.deleteEndpoint(ids(1));
    await world.driver.deleteNetwork({ NetworkID: networkId });
    world.steps();
    await world.restart();
    assert.deepEqual(world.steps(), []);
  });

  it("an endpoint whose links are gone holds no ports, and this is stored", async (t) => {
    const world = await published(t);
    world.loseLinks(endpointId(1));
    await world.restart();
    assert.deepEqual(world.steps(), [restoredNetwork, "restoreEndpoint not joined", "put served-endpoint"]);
    await world.restart();
    assert.deepEqual(world.steps(), [restoredNetwork, "restoreEndpoint not joined"]);
  });

  it("an endpoint without network is forgotten", async (t) => {
    const world = await published(t);
    world.store.commit([{ op: "delete", kind: "served-network", id: networkId }]);
    world.steps();
    await world.restart();
    assert.deepEqual(world.steps(), ["delete served-endpoint"]);
    assert.deepEqual(world.store.ids("served-endpoint"), []);
  });

  it("a network that cannot be taken up is told, and can be deleted", async (t) => {
    const world = await published(t);
    world.failing = restoredNetwork;
    await world.restart();
    assert.deepEqual(world.problems, [new Error(`no ${restoredNetwork}`)]);
    await world.driver.deleteNetwork({ NetworkID: networkId });
    assert.deepEqual(world.store.ids("served-network"), []);
    assert.equal(world.steps().at(-1), "deleteNetwork");
  });

  it("ports that somebody else has are told, and kept for the next time", async (t) => {
    const world = await published(t);
    const error = new Error("8080 is somebody else's");
    const [binding] = world.objects.endpoints.get(endpointId(1))?.state.bindings ?? [];
    assert.ok(binding !== undefined);
    world.withheld = [{ binding, error }];
    await world.restart();
    assert.deepEqual(world.problems, [error]);
    world.steps();
    await world.restart();
    assert.equal(world.steps().at(-1), "restoreEndpoint joined 8080");
  });

  it("what cannot be read is told and left alone", async (t) => {
    const world = await published(t);
    world.store.commit([{ op: "put", kind: "served-endpoint", id: "x", value: { spec: { id: "x" } } }]);
    await world.restart();
    assert.match(String(world.problems), /served-endpoint x cannot be read: spec\.networkId is no text/);
    assert.deepEqual(world.store.ids("served-endpoint"), [endpointId(1), "x"].sort());
  });

  it("links of ours that nothing stored has are taken away, and no others", async (t) => {
    const world = await published(t);
    await world.driver.createEndpoint(endpointRequest(2));
    await world.driver.join(joinRequest(2));
    const reaped: number[] = [];
    const { index } = world.rtnl.findLink({ name: hostEndName(endpointId(2)) }) ?? {};
    world.links.sweep(
      mark,
      (id) => id === endpointId(1),
      (one) => void reaped.push(one),
    );
    const far = world.rtnl.findLink({ name: `peer${endpointId(2).slice(0, 11)}` })?.index;
    assert.deepEqual(reaped.toSorted(), [index, far].toSorted());
  });
});
