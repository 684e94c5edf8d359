import assert from "node:assert/strict";
import { test } from "node:test";
import type { Membership } from "../../contracts/names.ts";
import type { Peer } from "../../contracts/overlay.ts";
import type { NetworkCore } from "../network-core.ts";
import { RemoteMembers } from "../services/remote-members.ts";
import { NetworkPeers } from "./network-peers.ts";

const peer = (endpointId: string, hostId: string, name = endpointId): Peer => ({
  endpointId,
  networkId: "n",
  hostId,
  hostAddress: "192.0.2.2",
  mac: "02:00:00:00:00:01",
  names: [name],
  ports: [],
});

function newScene() {
  const names = new Map<string, readonly string[]>();
  const resolver = {
    tellPeer: (of: Membership) => names.set(of.endpointId, of.names),
    forgetPeer: (endpointId: string) => names.delete(endpointId),
  };
  const settled: (readonly string[])[] = [];
  const driver = {
    settlePeers: (_: string, all: readonly Peer[]) => settled.push(all.map(({ endpointId }) => endpointId)),
  };
  const network = {
    id: "n",
    name: "web",
    record: { pools: [], options: {} },
    driver,
    services: new Map(),
    others: new RemoteMembers(),
    engine: { parts: { resolver } },
  } as unknown as NetworkCore;
  return { names, settled, peers: new NetworkPeers(network, "here") };
}

test("names of peers that are no more among all that there are, are forgotten; this host's own the resolver knows already", () => {
  const { names, peers } = newScene();
  peers.settled([peer("a", "there"), peer("b", "there"), peer("own", "here")]);
  peers.put(peer("c", "there"));
  assert.deepEqual([...names.keys()], ["a", "b", "c"]);
  peers.settled([peer("own", "here"), peer("b", "there", "other"), peer("d", "there")]);
  assert.deepEqual(Object.fromEntries(names), { b: ["other"], d: ["d"] });
  assert.deepEqual(
    peers.ofOthers().map(({ endpointId }) => endpointId),
    ["b", "d"],
  );
  peers.removed("b");
  assert.deepEqual([...names.keys()], ["d"]);
});

test("nothing is told once nobody listens, and every name is forgotten", () => {
  const { names, peers } = newScene();
  peers.settled([peer("a", "there")]);
  peers.close();
  assert.equal(names.size, 0);
  peers.settled([peer("a", "there")]);
  peers.put(peer("b", "there"));
  assert.equal(names.size, 0);
});

test("a driver that has the network anew is told of all, but not before they are known: what it has from before holds", () => {
  const { settled, peers } = newScene();
  peers.tellAgain();
  assert.deepEqual(settled, []);
  peers.settled([peer("a", "there"), peer("own", "here")]);
  peers.put(peer("b", "there"));
  peers.tellAgain();
  assert.deepEqual(settled, [
    ["a", "own"],
    ["a", "own", "b"],
  ]);
});
