/**
 * What becomes of networks and services of a host while the store is slow to answer, or to tell.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../../test/support/eventually.ts";
import type { FollowEvent, SharedChange, SharedStore } from "../../contracts/shared-store.ts";
import { type MemorySharedStore, SharedMemory } from "../../store/shared/memory-shared-store.ts";
import { FakeController } from "../test-support.ts";

/** A store whose commits, and what it tells of a kind, can be held up. */
class SlowStore {
  readonly #store: MemorySharedStore;
  beforeCommit: (changes: readonly SharedChange[]) => Promise<void> = async () => undefined;
  beforeTelling: (kind: string, event: FollowEvent) => Promise<void> = async () => undefined;
  #settled: { readonly kind: string; readonly resolve: () => void } | undefined;

  constructor(memory: SharedMemory) {
    this.#store = memory.connect();
  }

  /** All that there is of each kind is told again. Returns when what there is of one has been dealt with. */
  async tellAll(kind: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settled = { kind, resolve };
    this.#store.cutOff();
    this.#store.back();
    await promise;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  get shared(): SharedStore {
    const store = this.#store;
    return new Proxy<SharedStore>(store, {
      get: (target, property) => {
        if (property === "commit") return (changes: readonly SharedChange[]) => this.#commit(changes);
        if (property === "follow") return (kind: string, signal: AbortSignal) => this.#follow(kind, signal);
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  async #commit(changes: readonly SharedChange[]): Promise<number> {
    await this.beforeCommit(changes);
    return this.#store.commit(changes);
  }

  async *#follow(kind: string, signal: AbortSignal) {
    for await (const event of this.#store.follow(kind, signal)) {
      await this.beforeTelling(kind, event);
      yield event;
      if (event.type === "settled" && this.#settled?.kind === kind) this.#settled.resolve();
    }
  }
}

/** Where something waits until it is opened. */
function gate() {
  const { promise: isOpen, resolve: open } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const pass = () => {
    reach();
    return isOpen;
  };
  return { pass, reached, open };
}

async function scene() {
  const memory = new SharedMemory();
  const slow = new SlowStore(memory);
  const controller = await FakeController.open({ shared: { id: "a", store: slow.shared } });
  await controller.newNetwork("overlay", "web");
  const stranger = memory.connect();
  /** Returns when all that was told of networks before has been dealt with. */
  const isTold = async () => {
    const [[, { value }] = assert.fail()] = memory.entries("network");
    const { record } = JSON.parse(value);
    const id = `f${memory.revision}`;
    const last = { name: id, things: [], record: { ...record, id, name: id } };
    await stranger.commit([{ op: "put", kind: "network", id, value: last }]);
    await eventually(() => assert.ok(controller.networkByName(id) !== undefined));
  };
  return {
    memory,
    slow,
    stranger,
    controller,
    isTold,
    async [Symbol.asyncDispose]() {
      await controller.close();
      await Promise.all([slow, stranger].map((store) => store.close()));
    },
  };
}

test("a network is not taken off a host that is making it, nor off one that has made it since what is told", async () => {
  await using host = await scene();
  const { slow, controller, isTold } = host;
  const commit = gate();
  slow.beforeCommit = async (changes) => {
    if (changes.some(({ op, kind }) => op === "put" && kind === "network")) await commit.pass();
  };
  const making = controller.newNetwork("overlay", "made");
  await commit.reached;
  await slow.tellAll("network");
  await isTold();
  commit.open();
  const made = await making;
  assert.ok(controller.networkByName("made") === made, "it is the same, and was not taken up anew");

  const telling = gate();
  slow.beforeTelling = async (kind, { type }) => {
    if (kind === "network" && type === "settled") await telling.pass();
  };
  const told = slow.tellAll("network");
  await telling.reached;
  const later = await controller.newNetwork("overlay", "later");
  telling.open();
  await told;
  await isTold();
  assert.ok(controller.networkByName("later") === later);
});

test("a service that a host has deleted before it was told of it does not come back", async () => {
  await using host = await scene();
  const { memory, slow, stranger, controller } = host;
  const network = controller.networkByName("web") ?? assert.fail();
  const telling = gate();
  slow.beforeTelling = (kind) => (kind === "service" ? telling.pass() : Promise.resolve());
  await using events = controller.events();
  const service = await network.createService("www");
  await service.delete();
  await network.createService("last");
  telling.open();
  // Another host's, which is told after these.
  const [[, { value }] = assert.fail()] = memory.entries("service");
  const { record } = JSON.parse(value);
  const others = { things: [], record: { ...record, id: "f", name: "others" } };
  await stranger.commit([{ op: "put", kind: "service", id: `${network.id}/others`, value: others }]);
  const seen: string[] = [];
  for await (const { type, name } of events) {
    seen.push(`${type} ${name}`);
    if (name === "others") break;
  }
  assert.deepEqual(seen, [
    "service:create www",
    "service:delete www",
    "service:create last",
    "service:create others",
  ]);
});

test("a network that could not be made can be used by nobody who found it meanwhile", async () => {
  await using host = await scene();
  const { slow, controller } = host;
  const commit = gate();
  slow.beforeCommit = async (changes) => {
    if (!changes.some(({ op, kind }) => op === "put" && kind === "network")) return;
    await commit.pass();
    throw new Error("for the test");
  };
  const making = controller.newNetwork("overlay", "made");
  await commit.reached;
  const found = controller.networkByName("made") ?? assert.fail();
  commit.open();
  await assert.rejects(making, /for the test/);
  await assert.rejects(found.createEndpoint("e"), { code: "network_deleted" });
});
