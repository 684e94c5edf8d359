// Whether a cluster has come to rest: what is stored is what hosts have, and the kernels of all hosts have what is stored implies.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Peer } from "../../packages/libnetwork/src/contracts/overlay.ts";
import { networkNamespacePath } from "../../packages/libnetwork/src/netstack/run-directory.ts";
import { eventually } from "../support/eventually.ts";
import { wrongEntries } from "../support/overlay-tables.ts";
import type { FaultyHost } from "./host.ts";
import type { SeenNetwork } from "./orders.ts";
import type { Scene } from "./scene.ts";

/** How long a cluster may take, milliseconds: leases end in their time, and a busy machine takes longer. */
const patience = 20_000;

/** Waits until it has, for the hosts that run. */
export async function converged(scene: Scene, ...leftOut: readonly FaultyHost[]): Promise<void> {
  await eventually(() => check(scene, leftOut), patience);
}

async function check(scene: Scene, leftOut: readonly FaultyHost[]): Promise<void> {
  const stored = await scene.records("network");
  const ids = stored.map(({ id }) => id).sort();
  const running = scene.hosts.filter((host) => host.isRunning && !leftOut.includes(host));
  const peers = new Map<string, readonly Peer[]>();
  const owners = new Map<string, ReadonlyMap<string, unknown>>();
  for (const id of ids) {
    const told = await scene.records(`peer.${id}`);
    const taken = await scene.records(`address.${id}`);
    peers.set(
      id,
      told.map(({ value }) => value as unknown as Peer),
    );
    owners.set(
      id,
      new Map(taken.map((record) => [record.id, (record.value as { endpoint?: string }).endpoint])),
    );
  }
  for (const host of running) {
    const { networks } = await host.look();
    assert.deepEqual(networks.map(({ id }) => id).sort(), ids, `networks that host${host.number} knows`);
    for (const network of networks) {
      checkNetwork(host, network, peers.get(network.id) ?? []);
      for (const { id, ipv4, isJoined, name } of network.endpoints)
        if (isJoined) assert.equal(owners.get(network.id)?.get(ipv4), id, `${ipv4} is that of ${name}`);
    }
  }
  const addresses = running.map(({ address }) => address);
  for (const [id, told] of peers)
    for (const { hostAddress } of told)
      assert.ok(addresses.includes(hostAddress), `${hostAddress} has peers in ${id}, and does not run`);
}

/** One network, on one host. */
function checkNetwork(host: FaultyHost, { id, name, endpoints }: SeenNetwork, peers: readonly Peer[]): void {
  const where = `${name} on host${host.number}`;
  const joined = endpoints.filter(({ isJoined }) => isJoined);
  const own = peers.filter(({ hostAddress }) => hostAddress === host.address);
  assert.deepEqual(
    own.map(({ endpointId }) => endpointId).sort(),
    joined.map((endpoint) => endpoint.id).sort(),
    `endpoints of ${where}`,
  );
  if (joined.length === 0) {
    assert.ok(!existsSync(networkNamespacePath(host.runDir, id)), `nobody needs ${where}`);
    return;
  }
  const elsewhere = peers.filter(({ hostAddress }) => hostAddress !== host.address);
  assert.equal(wrongEntries(host.runDir, { id }, elsewhere), 0, `entries of ${where}`);
}
