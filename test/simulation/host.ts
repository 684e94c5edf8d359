// A host of the simulation: the control plane as it runs, over a store of its own, and maps in the kernel's place.

import { addressOf } from "../../packages/libnetwork/src/address/cidr.ts";
import { parseIp } from "../../packages/libnetwork/src/address/ip.ts";
import { macFromIpv4 } from "../../packages/libnetwork/src/address/mac.ts";
import { HostCluster } from "../../packages/libnetwork/src/cluster/host-cluster.ts";
import { clusterSpace, poolIdOf } from "../../packages/libnetwork/src/cluster/pool-id.ts";
import type { Peer } from "../../packages/libnetwork/src/contracts/overlay.ts";
import type { SharedStore } from "../../packages/libnetwork/src/contracts/shared-store.ts";
import {
  type Entry,
  type EntryKey,
  entriesOf,
  keyOf,
} from "../../packages/libnetwork/src/drivers/overlay/entries.ts";
import {
  difference,
  type EntryChange,
  PeerTable,
} from "../../packages/libnetwork/src/drivers/overlay/peer-table.ts";
import type { PlannedNetwork } from "./plan.ts";

/** What the driver does with the kernel, without one. */
class StandInTables {
  readonly #table = new PeerTable();
  readonly entries = new Map<EntryKey, Entry>();

  put(peer: Peer): void {
    this.#apply(this.#table.put(peer));
  }

  remove(endpointId: string): void {
    this.#apply(this.#table.remove(endpointId));
  }

  settle(peers: readonly Peer[]): void {
    this.#table.settle(peers);
    this.#apply(difference(this.entries, this.#table.entries()));
  }

  #apply({ remove, set }: EntryChange): void {
    for (const entry of remove) this.entries.delete(keyOf(entry));
    for (const entry of set) this.entries.set(keyOf(entry), entry);
  }
}

/** In a peer's names: when its host asked for it to be told, milliseconds since the epoch. */
const stamp = (time: number) => `at-${time.toFixed(3)}`;
const stampOf = ({ names: [name = ""] }: Peer) => Number(name.slice("at-".length));
const now = () => performance.timeOrigin + performance.now();

export class SimulatedHost {
  readonly id: string;
  readonly #store: SharedStore;
  readonly #cluster: HostCluster;
  readonly #tables = new Map<string, StandInTables>();
  /** Endpoints of the host by id, as it told the others of them. */
  readonly #joined = new Map<string, Peer>();
  readonly #told: (milliseconds: number) => void;
  #endpoints = 0;

  /** @param told how long it took another host's endpoint to come into a table here */
  constructor(number: number, store: SharedStore, told: (milliseconds: number) => void) {
    this.id = `host${number}`;
    const address = `172.${16 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
    const self = { id: this.id, name: this.id, address };
    this.#store = store;
    this.#cluster = new HostCluster(store, { self, lifetimes: { life: 10, retention: 600 } });
    this.#told = told;
    this.#cluster.networks.follow({ put: () => {}, deleted: () => {}, settled: () => {} });
  }

  /** Returns when the others may know it. */
  async register(): Promise<void> {
    this.#cluster.membership.start();
    while (!this.#cluster.membership.isAlive) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async makeNetwork({ id, name, subnet }: PlannedNetwork): Promise<void> {
    const { pools, numbers, networks } = this.#cluster;
    const owner = { networkId: id };
    const { poolId, pool } = await pools.request({
      addressSpace: clusterSpace,
      v6: false,
      pool: subnet,
      owner,
    });
    const vni = await numbers.claim("vni", { from: 4096, to: 0xff_ffff }, id);
    await networks.create({ id, name, record: { poolId, pool, vni } });
  }

  /** What the model does of a join that the others have to know. */
  async join({ id: networkId, subnet }: PlannedNetwork): Promise<void> {
    const { addresses, peers, self } = this.#cluster;
    const poolId = poolIdOf({ subnet, subPool: undefined });
    const endpointId = `${this.id}-${this.#endpoints++}`;
    await this.#attend(networkId);
    const { address } = await addresses.request({ poolId, owner: { networkId, endpointId } });
    const ipv4 = addressOf(address);
    const peer: Peer = {
      endpointId,
      networkId,
      hostId: this.id,
      hostAddress: self.address,
      mac: macFromIpv4(parseIp(ipv4)),
      ipv4,
      names: [stamp(now())],
      ports: [],
    };
    await peers.put(peer);
    this.#joined.set(endpointId, peer);
  }

  /** The endpoint that joined first leaves. */
  async leave(): Promise<void> {
    const [first] = this.#joined;
    if (first === undefined) return;
    const [endpointId, { networkId, ipv4 = "" }] = first;
    this.#joined.delete(endpointId);
    await this.#cluster.peers.remove(networkId, endpointId);
    await this.#cluster.addresses.release(ipv4, { networkId, endpointId });
  }

  async #attend(networkId: string): Promise<void> {
    const known = this.#tables.get(networkId);
    const tables = known ?? new StandInTables();
    this.#tables.set(networkId, tables);
    await this.#cluster.peers.attend(networkId, {
      put: (peer) => {
        if (peer.hostId === this.id) return;
        tables.put(peer);
        this.#told(now() - stampOf(peer));
      },
      removed: (endpointId) => tables.remove(endpointId),
      settled: (peers) => tables.settle(peers.filter(({ hostId }) => hostId !== this.id)),
    });
  }

  /** How many entries are not as what the store says makes them, this host's own endpoints left aside. */
  async wrongEntries(peersOf: (networkId: string) => Promise<readonly Peer[]>): Promise<number> {
    let wrong = 0;
    for (const [networkId, { entries }] of this.#tables) {
      const others = (await peersOf(networkId)).filter(({ hostId }) => hostId !== this.id);
      const wanted = new Map(others.flatMap((peer) => [...entriesOf(peer)]));
      const { remove, set } = difference(entries, wanted);
      wrong += remove.length + set.length;
    }
    return wrong;
  }

  get entries(): number {
    return [...this.#tables.values()].reduce((sum, { entries }) => sum + entries.size, 0);
  }

  /** Its own, as the store has them. */
  async ownPeersMissing(peersOf: (networkId: string) => Promise<readonly Peer[]>): Promise<number> {
    let missing = 0;
    for (const [endpointId, peer] of this.#joined) {
      const stored = (await peersOf(peer.networkId)).find((one) => one.endpointId === endpointId);
      if (stored?.ipv4 !== peer.ipv4) missing++;
    }
    return missing;
  }

  async close(): Promise<void> {
    await this.#cluster.close();
    await this.#store.close();
  }
}
