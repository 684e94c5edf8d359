// Pools and addresses that are given: stored before they are answered, given back where they cannot be, and remembered.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RequestOf } from "@causeway/plugin-sdk";
import { DefaultIpam } from "../ipam/default-ipam.ts";
import { KeyedMutex } from "../model/keyed-mutex.ts";
import { failsWith } from "../test-support.ts";
import { ServedIpam } from "./served-ipam.ts";
import { WatchedStore } from "./serving-test-support.ts";

type Asked = RequestOf<"IpamDriver.RequestPool">;

class Scene {
  /** The commit that fails. */
  failing = "";
  readonly problems: unknown[] = [];
  readonly store = new WatchedStore((name) => {
    if (name === this.failing) throw new Error(`no ${name}`);
  });
  avoided: readonly string[] = [];
  served = this.#open();

  #open(): ServedIpam {
    return new ServedIpam({
      ipam: new DefaultIpam({
        seed: "0123456789ab",
        defaultPools: { local: [{ base: "10.8.0.0/14", size: 16 }] },
      }),
      store: this.store,
      mutex: new KeyedMutex(),
      avoid: () => this.avoided,
      onProblem: (error) => void this.problems.push(error),
    });
  }

  /** Opened anew, as after a kill. */
  async restart(): Promise<void> {
    this.served = this.#open();
    await this.served.restore();
    assert.deepEqual(this.problems, []);
  }

  async pool(wanted: string, changes: Partial<Asked> = {}) {
    const asked = { AddressSpace: "local", Pool: wanted, SubPool: "", Options: {}, V6: false };
    const { PoolID, Pool } = await this.served.requestPool({ ...asked, ...changes });
    return { PoolID: PoolID ?? "", Pool: Pool ?? "" };
  }

  async address(PoolID: string, Address = ""): Promise<string> {
    return (await this.served.requestAddress({ PoolID, Address, Options: {} })).Address ?? "";
  }

  release(PoolID: string, Address: string): Promise<void> {
    return this.served.releaseAddress({ PoolID, Address });
  }
}

const overlaps = failsWith("conflict", "pool_overlap");
const inUse = failsWith("conflict", "address_in_use");

describe("what cannot be stored", () => {
  it("is not given, and free for the next", async () => {
    const scene = new Scene();
    scene.failing = "put served-pool";
    await assert.rejects(scene.pool("10.1.0.0/24"), { message: "no put served-pool" });
    scene.failing = "put served-address";
    const { PoolID } = await scene.pool("10.1.0.0/24");
    await assert.rejects(scene.address(PoolID, "10.1.0.9"), { message: "no put served-address" });
    scene.failing = "";
    assert.equal(await scene.address(PoolID, "10.1.0.9"), "10.1.0.9/24");
  });

  it("as released is held still", async () => {
    const scene = new Scene();
    const { PoolID } = await scene.pool("10.1.0.0/24");
    await scene.address(PoolID, "10.1.0.9");
    scene.failing = "delete served-address";
    await assert.rejects(scene.release(PoolID, "10.1.0.9"));
    await assert.rejects(scene.address(PoolID, "10.1.0.9"), inUse);
    scene.failing = "";
    await scene.release(PoolID, "10.1.0.9");
    await scene.address(PoolID, "10.1.0.9");
  });
});

describe("after a restart", () => {
  it("pools, their parts and their addresses are given still; what was given back is free", async () => {
    const scene = new Scene();
    const { PoolID } = await scene.pool("10.1.0.0/16", { SubPool: "10.1.7.0/24" });
    const first = await scene.address(PoolID);
    assert.match(first, /^10\.1\.7\.\d+\/16$/);
    await scene.address(PoolID, "10.1.9.9");
    await scene.address(PoolID, "10.1.9.10");
    await scene.release(PoolID, "10.1.9.10");
    for (let times = 0; times < 2; times++) {
      await scene.restart();
      await assert.rejects(scene.pool("10.1.7.0/24"), overlaps);
      await assert.rejects(scene.address(PoolID, "10.1.9.9"), inUse);
      assert.equal(await scene.address(PoolID, "10.1.9.10"), "10.1.9.10/16");
      await scene.release(PoolID, "10.1.9.10");
      const next = await scene.address(PoolID);
      assert.match(next, /^10\.1\.7\.\d+\/16$/);
      assert.notEqual(next, first);
    }
    // What was taken up can be given back.
    await scene.release(PoolID, "10.1.9.9");
    await scene.address(PoolID, "10.1.9.9");
    await scene.served.releasePool({ PoolID });
    assert.deepEqual([scene.store.ids("served-pool"), scene.store.ids("served-address")], [[], []]);
    await scene.restart();
    await scene.pool("10.1.7.0/24");
  });

  it("a pool whose answer may not have arrived is given to whoever asks for it again, once", async () => {
    const scene = new Scene();
    const unheard = await scene.pool("10.1.0.0/24");
    await assert.rejects(scene.pool("10.1.0.0/24"), overlaps);
    await scene.restart();
    await assert.rejects(scene.pool("10.1.0.0/24", { SubPool: "10.1.0.128/25" }), overlaps);
    assert.equal((await scene.pool("10.1.0.0/24", { AddressSpace: "global" })).Pool, "10.1.0.0/24");
    assert.equal((await scene.pool("10.1.0.0/24")).PoolID, unheard.PoolID);
    await assert.rejects(scene.pool("10.1.0.0/24"), overlaps);
  });

  it("a pool that was used, before or since, is not", async () => {
    const scene = new Scene();
    const before = await scene.pool("10.1.0.0/24");
    await scene.address(before.PoolID);
    const since = await scene.pool("10.2.0.0/24");
    await scene.restart();
    const address = await scene.address(since.PoolID);
    await scene.release(since.PoolID, address.replace("/24", ""));
    await assert.rejects(scene.pool("10.1.0.0/24"), overlaps);
    await assert.rejects(scene.pool("10.2.0.0/24"), overlaps);
  });
});

it("an automatic pool keeps away from the host's networks", async () => {
  const scene = new Scene();
  scene.avoided = ["10.8.0.0/16"];
  assert.equal((await scene.pool("")).Pool, "10.9.0.0/16");
});

it("what nobody holds is released without a word", async () => {
  const scene = new Scene();
  await scene.served.releasePool({ PoolID: "unknown" });
  await scene.release("unknown", "10.1.0.9");
  const { PoolID } = await scene.pool("10.1.0.0/24");
  await scene.release(PoolID, "10.1.0.9");

  it("leaves no address behind that is asked for while its pool is released", async () => {
    const scene = new Scene();
    for (const addressFirst of [true, false]) {
      const { PoolID } = await scene.pool("10.9.0.0/16");
      const calls = [() => scene.address(PoolID), () => scene.served.releasePool({ PoolID })];
      await Promise.allSettled((addressFirst ? calls : calls.toReversed()).map((call) => call()));
      assert.deepEqual(scene.store.ids("served-address"), []);
      assert.deepEqual(scene.store.ids("served-pool"), []);
    }
  });
});
