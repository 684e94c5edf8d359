import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import type { ClusterKey, TunnelEnd, TunnelKeys } from "../contracts/tunnel-keys.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { recordsOf, TestHost } from "./test-support.ts";

const hour = 3_600_000;

/** What would encrypt: it remembers what it is told. */
class Tunnels implements TunnelKeys {
  keys: readonly ClusterKey[] = [];
  /** Generations of each time that it was told. */
  readonly told: string[] = [];
  readonly ends: TunnelEnd[] = [];
  #life = 0;
  #listener: ((life: number) => void) | undefined;
  readonly #lives: number[];

  /** @param lives that it begins, one after the other */
  constructor(...lives: number[]) {
    this.#lives = lives;
  }

  onLife(listener: (life: number) => void): void {
    this.#listener = listener;
    this.beginLife();
  }

  beginLife(): void {
    this.#life = this.#lives.shift() ?? this.#life;
    this.#listener?.(this.#life);
  }

  setKeys(keys: readonly ClusterKey[]): void {
    this.keys = keys;
    this.told.push(keys.map(({ generation }) => generation).join());
  }

  putEnd(end: TunnelEnd): void {
    this.ends.push(end);
  }
}

async function hosts(memory: SharedMemory, periodMs: number, ...names: readonly string[]) {
  const all = await Promise.all(names.map((name) => new TestHost(name, memory).registered()));
  return all.map((host, at) => {
    const tunnels = new Tunnels(at + 1, at + 101);
    host.cluster.serveKeys(tunnels, periodMs);
    return { host, tunnels };
  });
}

test("hosts that begin at a time have the same keys, two at first, and one of them is the keeper", async () => {
  const memory = new SharedMemory();
  const all = await hosts(memory, hour, "a", "b", "c");
  await eventually(() => {
    for (const { tunnels } of all) assert.equal(tunnels.told.at(-1), "1,2");
  });
  const secrets = all.map(({ tunnels }) =>
    tunnels.keys.map(({ secret }) => Buffer.from(secret).toString("hex")),
  );
  assert.deepEqual(secrets[1], secrets[0]);
  assert.deepEqual(secrets[2], secrets[0]);
  assert.equal(new Set(secrets[0]).size, 2);
  assert.match(secrets[0]?.[0] ?? "", /^[0-9a-f]{64}$/);
  await eventually(async () => assert.equal((await recordsOf(memory, "tunnel-keeper")).size, 1));
  for (const { host } of all) await host[Symbol.asyncDispose]();
});

test("generations follow one another, never more than three, each told to all", async () => {
  const memory = new SharedMemory();
  const all = await hosts(memory, 30, "a", "b");
  await eventually(() => {
    for (const { tunnels } of all) assert.ok(tunnels.told.length > 6);
  });
  for (const { tunnels } of all) {
    // The first two are made in one commit, of which the second may be told a moment later.
    const told = tunnels.told.slice(tunnels.told.indexOf("1,2"));
    assert.deepEqual(told.slice(0, 4), ["1,2", "1,2,3", "2,3,4", "3,4,5"]);
  }
  for (const { host } of all) await host[Symbol.asyncDispose]();
  assert.ok((await recordsOf(memory, "tunnel-key")).size <= 3);
});

test("another host becomes the keeper when the one there was is dead, and goes on with the keys there are", async () => {
  const memory = new SharedMemory();
  const [first, second] = await hosts(memory, 200, "a", "b");
  assert.ok(first && second);
  const keeper = async () => (await recordsOf(memory, "tunnel-keeper")).get("keeper");
  await eventually(async () => assert.notEqual(await keeper(), undefined));
  const isFirst = (await keeper()) === "a";
  const [dead, living] = isFirst ? [first, second] : [second, first];
  await dead.host.kill();
  for (const { id } of dead.host.store.leases) memory.expire(id);
  await eventually(async () => assert.equal(await keeper(), living.host.id));
  const before = living.tunnels.told.length;
  await eventually(() => assert.ok(living.tunnels.told.length > before + 1));
  const generations = living.tunnels.told.map((told) => Number(told.split(",").at(-1)));
  assert.deepEqual(
    generations,
    generations.toSorted((a, b) => a - b),
  );
  await living.host[Symbol.asyncDispose]();
});

test("hosts are told of each other's lives, and of the one that was begun last", async () => {
  const memory = new SharedMemory();
  const [first, second] = await hosts(memory, hour, "a", "b");
  assert.ok(first && second);
  await eventually(() => {
    assert.equal(second.tunnels.ends.at(-1)?.life, 1);
    assert.equal(first.tunnels.ends.at(-1)?.life, 2);
  });
  first.tunnels.beginLife();
  await eventually(() => assert.deepEqual(second.tunnels.ends.at(-1), { address: "192.0.2.1", life: 101 }));
  assert.deepEqual([...(await recordsOf(memory, "tunnel-end")).keys()].sort(), ["101", "2"]);
  for (const { host } of [first, second]) await host[Symbol.asyncDispose]();
});

test("a life that another host is in is not begun: it begins another", async () => {
  const memory = new SharedMemory();
  const [first] = await hosts(memory, hour, "a");
  assert.ok(first);
  await eventually(async () => assert.equal((await recordsOf(memory, "tunnel-end")).size, 1));
  const host = await new TestHost("b", memory).registered();
  host.cluster.serveKeys(new Tunnels(1, 7), hour);
  await eventually(async () => {
    assert.deepEqual([...(await recordsOf(memory, "tunnel-end")).keys()].sort(), ["1", "7"]);
  });
  await host[Symbol.asyncDispose]();
  await first.host[Symbol.asyncDispose]();
});
