import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventually } from "../../../../test/support/eventually.ts";
import { parseSubnet } from "../address/cidr.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { makeNetwork, passRetention, recordsOf, TestHost, type TestNetwork } from "./test-support.ts";

/** What a host does; places are taken modulo what there is. */
type Action =
  | { readonly do: "make network"; readonly name: number; readonly subnet: number | undefined }
  | { readonly do: "delete network"; readonly which: number }
  | { readonly do: "make endpoint"; readonly which: number; readonly address: number | undefined }
  | { readonly do: "delete endpoint"; readonly which: number };

/** What befalls a host in a round, while it acts and the others do. */
type Fate =
  | "nothing"
  | "dies at once"
  | "dies and is back"
  | "is cut off"
  | "loses an answer"
  | "commits late"
  | "is away for long";

interface Turn {
  readonly actions: readonly Action[];
  readonly fate: Fate;
  readonly after: number;
}

const place = fc.nat(1000);
const action = fc.oneof<fc.Arbitrary<Action>[]>(
  fc.record({
    do: fc.constant("make network" as const),
    name: fc.nat(4),
    subnet: fc.option(fc.nat(3), { nil: undefined }),
  }),
  fc.record({ do: fc.constant("delete network" as const), which: place }),
  fc.record({
    do: fc.constant("make endpoint" as const),
    which: place,
    address: fc.option(fc.nat(5), { nil: undefined }),
  }),
  fc.record({ do: fc.constant("make endpoint" as const), which: place, address: fc.constant(undefined) }),
  fc.record({ do: fc.constant("delete endpoint" as const), which: place }),
);
const fate = fc.constantFrom<Fate[]>(
  "nothing",
  "nothing",
  "dies at once",
  "dies and is back",
  "is cut off",
  "loses an answer",
  "commits late",
  "is away for long",
);
const turn: fc.Arbitrary<Turn> = fc.record({
  actions: fc.array(action, { minLength: 1, maxLength: 5 }),
  fate,
  after: fc.integer({ min: 1, max: 12 }),
});

interface Endpoint {
  readonly id: string;
  readonly networkId: string;
  readonly address: string;
}

/** Failures that an operation may meet, and that leave nothing behind. */
const expected = new Set([
  "store_unavailable",
  "network_name_in_use",
  "pool_overlap",
  "address_in_use",
  "no_free_address",
  "network_not_found",
  "network_going",
  "network_has_endpoints",
  "cluster_contention",
  "revision_conflict",
]);

class Cluster {
  readonly memory = new SharedMemory();
  readonly networks = new Map<string, TestNetwork>();
  /** The local store of each host, which outlives it. */
  readonly endpoints = new Map<string, Map<string, Endpoint>>();
  readonly hosts = new Map<string, TestHost>();
  readonly #delay: () => number;
  #made = 0;

  constructor(delay: () => number) {
    this.#delay = delay;
  }

  async start(id: string): Promise<TestHost> {
    const host = await new TestHost(id, this.memory, this.#delay).registered();
    this.hosts.set(id, host);
    if (!this.endpoints.has(id)) this.endpoints.set(id, new Map());
    await this.settle(host);
    return host;
  }

  /** As the model does when it is registered: remnants are given back, and what is its own is taken again. */
  async settle(host: TestHost): Promise<void> {
    const { allocations, addresses } = host.cluster;
    const own = this.endpoints.get(host.id) ?? new Map<string, Endpoint>();
    await allocations.settle((id) => own.has(id));
    const kept = [...own.values()].map(({ id, networkId, address }) => ({
      endpointId: id,
      networkId,
      address,
    }));
    for (const { endpointId } of await addresses.retake(kept)) own.delete(endpointId);
  }

  async act(host: TestHost, wish: Action): Promise<void> {
    const own = this.endpoints.get(host.id) ?? new Map<string, Endpoint>();
    const known = [...host.cluster.networks.known.values()];
    const network = "which" in wish ? known[wish.which % known.length] : undefined;
    switch (wish.do) {
      case "make network": {
        const id = String(this.#made++).padStart(64, "0");
        const subnet = wish.subnet === undefined ? {} : { subnet: `10.0.${wish.subnet}.0/28` };
        this.networks.set(id, await makeNetwork(host, { id, name: `n${wish.name}`, ...subnet }));
        return;
      }
      case "delete network":
        if (network !== undefined) await host.cluster.networks.delete(network.id);
        return;
      case "make endpoint": {
        if (network === undefined) return;
        const { pool, poolId } = (network.value as unknown as { record: TestNetwork }).record;
        const id = `e${this.#made++}`;
        const address =
          wish.address === undefined
            ? {}
            : { address: parseSubnet(pool).first.plus(BigInt(wish.address)).toString() };
        const owner = { networkId: network.id, endpointId: id };
        const lease = await host.cluster.addresses.request({ poolId, owner, ...address });
        own.set(id, { id, networkId: network.id, address: lease.address.split("/")[0] ?? "" });
        return;
      }
      case "delete endpoint": {
        const endpoint = [...own.values()][wish.which % own.size];
        if (endpoint === undefined) return;
        own.delete(endpoint.id);
        await host.cluster.addresses.release(endpoint.address, {
          ...endpoint,
          endpointId: endpoint.id,
        });
      }
    }
  }

  /** Until they are done, or the host is dead. */
  async play(host: TestHost, { actions, fate: what, after }: Turn): Promise<void> {
    const isMortal = what === "dies at once" || what === "dies and is back";
    if (isMortal) host.store.commitsLeft = after;
    if (what === "loses an answer") host.store.memory.loseAnswer();
    if (what === "commits late") host.store.isLate = true;
    const playing = (async () => {
      for (const [at, wish] of actions.entries()) {
        if (what === "is cut off" && at === after % actions.length) host.store.memory.cutOff();
        if (what === "is away for long" && at === after % actions.length) {
          host.store.memory.cutOff();
          await passRetention(this.memory, [host]);
        }
        await this.act(host, wish).catch((error: unknown) => {
          const code = error instanceof Error && "code" in error ? String(error.code) : "";
          if (!expected.has(code) && !(code === "address_reserved")) throw error;
        });
      }
    })();
    const death = async () => {
      while (isMortal && !host.store.isDead) await new Promise(setImmediate);
      if (!isMortal) await playing;
    };
    await Promise.race([playing, death()]);
    if (isMortal) {
      await host.kill();
      this.hosts.delete(host.id);
      if (what === "dies at once") {
        await passRetention(this.memory, [host]);
        this.endpoints.delete(host.id);
      } else await this.start(host.id);
      return;
    }
    if (host.store.availability.available) return;
    host.store.memory.back();
    while (!host.cluster.membership.isAlive) await new Promise(setImmediate);
    // Who was away for less than the retention has all that it had.
    if (what === "is away for long") await this.settle(host);
  }

  /** What the store holds is what networks and live hosts have, no more and no less. */
  async check(): Promise<void> {
    for (const host of this.hosts.values()) await host.cluster.allocations.payOwed();
    const networks = await recordsOf(this.memory, "network");
    const names = await recordsOf(this.memory, "network-name");
    const records = [...networks].map(([id, value]) => ({
      id,
      ...(value as unknown as { name: string; record: TestNetwork }),
    }));
    assert.deepEqual([...names].sort(), records.map(({ id, name }) => [name, id] as const).sort());
    const pools = records.map(({ id, record }) => [record.pool, id] as const);
    assert.deepEqual([...(await recordsOf(this.memory, "pool"))].sort(), [...pools].sort());
    for (const [at, [pool]] of pools.entries())
      for (const [other] of pools.slice(at + 1))
        assert.equal(parseSubnet(pool).overlaps(parseSubnet(other)), false, `${pool} overlaps ${other}`);
    const numbers = records.map(({ id, record }) => [String(record.vni), id] as const);
    assert.deepEqual([...(await recordsOf(this.memory, "number.vni"))].sort(), numbers.sort());
    const endpoints = [...this.endpoints].flatMap(([host, own]) =>
      [...own.values()].map((one) => ({ host, ...one })),
    );
    for (let at = 0; at < this.#made; at++) {
      const id = String(at).padStart(64, "0");
      const held = await recordsOf(this.memory, `address.${id}`);
      const own = endpoints.filter(({ networkId }) => networkId === id);
      const gateways = networks.has(id) ? 1 : 0;
      assert.equal(held.size, own.length + gateways, `addresses of ${id}`);
      for (const { address, host, id: endpoint } of own)
        assert.deepEqual(held.get(address), { host, endpoint });
    }
    for (const id of ["a", "b", "c", "d"]) {
      const held = await recordsOf(this.memory, `held.${id}`);
      assert.equal(held.size, endpoints.filter(({ host }) => host === id).length, `held by ${id}`);
    }
    assert.equal((await recordsOf(this.memory, "network-going")).size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.hosts.values()) await host[Symbol.asyncDispose]();
  }
}

test("whatever hosts do at a time, and whatever befalls them, nothing is had twice and nothing is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(turn, turn, turn), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.nat(3)),
      async (rounds, delays) => {
        await using cluster = new Cluster(() => delays.next().value ?? 0);
        for (const round of rounds) {
          for (const id of ["a", "b", "c"]) if (!cluster.hosts.has(id)) await cluster.start(id);
          const hosts = ["a", "b", "c"].map((id) => cluster.hosts.get(id));
          await Promise.all(round.map((one, at) => hosts[at] && cluster.play(hosts[at], one)));
        }
        await eventually(() => cluster.check(), 3000);
      },
    ),
    { numRuns: 150 },
  );
});
