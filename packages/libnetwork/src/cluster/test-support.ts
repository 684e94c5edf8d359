/**
 * Hosts of a cluster in one process, over a store in memory: they meet at every call, are cut off, and die after any commit.
 */
import type { Lease, LeaseId, SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { PlainData } from "../contracts/store.ts";
import { forbidden } from "../errors.ts";
import { storeUnavailable } from "../store/failures.ts";
import type { MemorySharedStore, SharedMemory } from "../store/shared/memory-shared-store.ts";
import { HostCluster } from "./host-cluster.ts";
import { sweepHolders } from "./retention.ts";

/** A host's store, slow by a few turns of the loop, which stops answering when the host is dead. */
class MortalStore implements SharedStore {
  readonly memory: MemorySharedStore;
  readonly leases: Lease[] = [];
  readonly #delay: () => number;
  /** Commits that it may still make; then the host is dead: neither this answer nor any other comes. */
  commitsLeft = Number.POSITIVE_INFINITY;
  isDead = false;
  /** Whether the store lets it change nothing, and how often it was told so. */
  isForbidden = false;
  refusals = 0;
  /** The next commit is not answered, and happens when others have got on. */
  isLate = false;

  constructor(memory: MemorySharedStore, delay: () => number) {
    this.memory = memory;
    this.#delay = delay;
  }

  get availability() {
    return this.memory.availability;
  }

  get(kind: string, id: string) {
    return this.#call(() => this.memory.get(kind, id));
  }

  list(kind: string) {
    return this.#call(() => this.memory.list(kind));
  }

  commit(changes: readonly SharedChange[]): Promise<number> {
    return this.#call(async () => {
      if (this.isForbidden) {
        this.refusals++;
        throw forbidden("store_forbidden", "permission denied");
      }
      if (this.isLate) {
        this.isLate = false;
        void this.#commitLate(changes);
        throw storeUnavailable("late", { maybeCommitted: true });
      }
      const revision = await this.memory.commit(changes);
      this.commitsLeft--;
      if (this.commitsLeft <= 0) this.isDead = true;
      return revision;
    });
  }

  lease(seconds: number): Promise<Lease> {
    return this.#call(async () => {
      const lease = await this.memory.lease(seconds);
      this.leases.push(lease);
      return lease;
    });
  }

  endLease(id: LeaseId): Promise<void> {
    return this.#call(() => this.memory.endLease(id));
  }

  watch(...args: Parameters<SharedStore["watch"]>) {
    return this.memory.watch(...args);
  }

  /** What has happened is told late. */
  async *follow(...args: Parameters<SharedStore["follow"]>) {
    for await (const event of this.memory.follow(...args)) {
      await this.#wait();
      yield event;
    }
  }

  onAvailability(...args: Parameters<SharedStore["onAvailability"]>) {
    this.memory.onAvailability(...args);
  }

  close() {
    return this.memory.close();
  }

  async #call<T>(action: () => Promise<T>): Promise<T> {
    await this.#wait();
    if (this.isDead) await new Promise(() => undefined);
    const result = await action();
    if (this.isDead) await new Promise(() => undefined);
    return result;
  }

  async #commitLate(changes: readonly SharedChange[]): Promise<void> {
    for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
    await this.memory.commit(changes).catch(() => undefined);
  }

  async #wait(): Promise<void> {
    for (let turns = this.#delay(); turns > 0; turns--) await new Promise(setImmediate);
  }
}

export class TestHost {
  readonly id: string;
  readonly store: MortalStore;
  readonly cluster: HostCluster;

  constructor(
    id: string,
    memory: SharedMemory,
    delay: () => number = () => 0,
    // Of "a" 192.0.2.1, and so on.
    address = `192.0.2.${id.charCodeAt(0) - 96}`,
  ) {
    this.id = id;
    this.store = new MortalStore(memory.connect(), delay);
    const self = { id, name: `host ${id}`, address };
    this.cluster = new HostCluster(this.store, { self, lifetimes: { life: 10, retention: 600 } });
    this.cluster.networks.follow({
      put: () => undefined,
      deleted: () => undefined,
      settled: () => undefined,
    });
    this.cluster.start();
  }

  async registered(): Promise<this> {
    while (!this.cluster.membership.isAlive && !this.store.isDead) await new Promise(setImmediate);
    return this;
  }

  /** Killed: what it does at the moment goes no further. */
  async kill(): Promise<void> {
    this.store.isDead = true;
    void this.cluster.close();
    await this.store.memory.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.store.isDead) return;
    await this.cluster.close();
    await this.store.close();
  }
}

/** What time does to hosts that are dead: life and retention are over, and another host sees to the rest. */
export async function passRetention(memory: SharedMemory, dead: readonly TestHost[]): Promise<void> {
  for (const { store } of dead) for (const { id } of store.leases) memory.expire(id);
  const store = memory.connect();
  await sweepHolders(store);
  await store.close();
}

/** Of all kinds that begin so. */
export async function recordsOf(memory: SharedMemory, kind: string): Promise<ReadonlyMap<string, PlainData>> {
  const store = memory.connect();
  const records = await store.list(kind);
  await store.close();
  return new Map(records.map(({ id, value }) => [id, value]));
}

export interface TestNetwork {
  readonly id: string;
  readonly name: string;
  readonly poolId: string;
  readonly pool: string;
  readonly vni: number;
}

/** What the model does to make a network: a pool, its gateway, a number, and the network itself. What fails is undone. */
export async function makeNetwork(
  { cluster }: TestHost,
  wish: { readonly id: string; readonly name: string; readonly subnet?: string },
): Promise<TestNetwork> {
  const { id, name, subnet } = wish;
  const owner = { networkId: id };
  const undo: (() => Promise<void>)[] = [];
  try {
    const request = {
      addressSpace: "cluster",
      v6: false,
      owner,
      ...(subnet !== undefined && { pool: subnet }),
    };
    const { poolId, pool } = await cluster.pools.request(request);
    undo.push(() => cluster.pools.release(poolId, owner));
    const options = { RequestAddressType: "com.docker.network.gateway" };
    const gateway = await cluster.addresses.request({ poolId, options, owner });
    undo.push(() => cluster.addresses.release(gateway.address.split("/")[0] ?? "", owner));
    const vni = await cluster.numbers.claim("vni", { from: 4096, to: 4200 }, id);
    undo.push(() => cluster.numbers.release("vni", vni, id));
    await cluster.networks.create({ id, name, record: { poolId, pool, vni } });
    return { id, name, poolId, pool, vni };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}
