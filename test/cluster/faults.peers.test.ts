// A cluster of five hosts over an etcd of three members, and all that befalls one: after each blow the kernels of all hosts have what is stored
// implies.

import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NetNamespace, unbindNamespace } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { needsPeer } from "../support/peers.ts";
import { canPing } from "../support/traffic.ts";
import { converged } from "./convergence.ts";
import { echoServer, talk } from "./conversation.ts";
import type { FaultyHost } from "./host.ts";
import type { SeenEndpoint } from "./orders.ts";
import { Pinging } from "./pinging.ts";
import { Scene } from "./scene.ts";

const hosts = [1, 2, 3, 4, 5];
const members = [101, 102, 103];

describe("a cluster of five hosts over three etcd members", { skip: needsPeer("etcd") }, () => {
  let scene: Scene;
  /** Id of the network that all hosts have. */
  let web = "";
  // Hooks are taken in this order: what the scene is made of has gone when it is looked for leaks.
  after(() => scene.end());
  checkLeaks();
  /** The endpoint that each host has in `web` from the start, by the host's number. */
  const residents = new Map<number, SeenEndpoint>();

  function resident(number: number): SeenEndpoint {
    const found = residents.get(number);
    assert.ok(found !== undefined, `host${number} has no resident`);
    return found;
  }

  function reaches(from: number, to: number): Promise<boolean> {
    return pings(resident(from), resident(to).ipv4);
  }

  async function allReachEachOther(some: readonly number[] = hosts): Promise<void> {
    await eventually(async () => {
      for (const [at, from] of some.entries()) {
        const to = some[(at + 1) % some.length] ?? from;
        assert.ok(await reaches(from, to), `host${from} reaches host${to}`);
      }
    });
  }

  /** Endpoints come and go on all hosts. */
  async function churn(some: readonly FaultyHost[]): Promise<void> {
    await Promise.all(
      some.map(async (host) => {
        const container = `passing${host.number}`;
        await eventually(() => host.attach("web", container));
        await host.detach(container);
      }),
    );
  }

  /** Of `web`, that somebody has. */
  async function addresses(): Promise<readonly string[]> {
    return (await scene.records(`address.${web}`)).map(({ id }) => id);
  }

  before(async () => {
    scene = await Scene.open(hosts.length);
    const [first] = scene.hosts;
    web = (await eventually(() => first?.makeNetwork("web", "10.7.0.0/24"))) ?? "";
    for (const host of scene.hosts) {
      const made = await eventually(() => host.attach("web", `resident${host.number}`));
      residents.set(host.number, made);
    }
  });
  // What one test could not undo is not the next one's.
  afterEach(() => scene.heal());

  it("converges, and everybody reaches everybody", async () => {
    await converged(scene);
    await allReachEachOther();
    await eventually(async () =>
      assert.deepEqual(await scene.host(1).resolve("resident1", "resident5"), [resident(5).ipv4]),
    );
  });

  it("goes on while any one of the three members is dead", async () => {
    await using pinging = new Pinging(resident(1), resident(2));
    for (const member of scene.members) {
      await member.kill();
      await churn(scene.hosts);
      await converged(scene);
      await scene.startMembers([member]);
    }
    assert.equal(await pinging.lost(), 0);
    await converged(scene);
  });

  it("carries packets and does local work while etcd is away, and refuses the rest at once", async (t) => {
    await scene.host(1).makeNetwork("spare");
    const leaving = await scene.host(3).attach("web", "leaving");
    await converged(scene);
    await using pinging = new Pinging(resident(1), resident(2));
    await Promise.all(scene.members.map((member) => member.kill()));
    for (const host of scene.hosts) await saysThatEtcdIsAway(host);
    const busyBefore = await busyOf(scene.hosts);
    const began = performance.now();
    for (const host of scene.hosts) {
      await assert.rejects(host.attach("web", "late"), { code: "store_unavailable" });
      await assert.rejects(host.makeNetwork("late"), { code: "store_unavailable" });
      await assert.rejects(host.deleteNetwork("spare"), { code: "store_unavailable" });
    }
    t.diagnostic(`15 refusals took ${Math.round(performance.now() - began)} ms`);
    await Promise.all(scene.hosts.map((host) => host.workAlone()));
    await scene.host(3).detach("leaving");
    await allReachEachOther();
    await assertIdle(t, scene.hosts);
    t.diagnostic(
      `processor time meanwhile: ${Math.round((await busyOf(scene.hosts)) - busyBefore)} ms, of 5 hosts`,
    );
    assert.equal(await pinging.lost(), 0);
    await scene.startMembers();
    await converged(scene);
    await eventually(async () => assert.ok(!(await addresses()).includes(leaving.ipv4)));
    await churn(scene.hosts);
    await scene.host(5).deleteNetwork("spare");
    await converged(scene);
    await allReachEachOther();
  });

  it("does without a host that is killed, keeps its addresses for it, and takes it back", async () => {
    const host = scene.host(5);
    await host.kill();
    await converged(scene);
    assert.ok((await addresses()).includes(resident(5).ipv4));
    await host.start();
    await converged(scene);
    await allReachEachOther();
  });

  it("gives a dead host's address to another after its retention, and the dead one yields when it is back", async () => {
    const host = scene.host(5);
    const contested = await host.attach("web", "contested");
    await host.kill();
    const heir = await eventually(
      () => scene.host(4).attach("web", "heir", { ipv4: contested.ipv4 }),
      40_000,
    );
    await converged(scene);
    await host.start();
    await eventually(async () => {
      const codes = (await host.look()).findings.map(({ code }) => code);
      assert.ok(codes.includes("endpoint_yielded"), codes.join());
    });
    await converged(scene);
    await eventually(async () => assert.ok(await pings(resident(1), heir.ipv4)));
    await host.detach("contested");
    await scene.host(4).detach("heir");
    await converged(scene);
    await allReachEachOther();
  });

  it("does without hosts that are cut off from etcd, and takes them back", async () => {
    const off = [scene.host(1), scene.host(2)];
    scene.wires.cut([1, 2], members);
    for (const host of off) await saysThatEtcdIsAway(host);
    // Their lives end over there; here goes on what was.
    await eventually(async () => assert.equal((await scene.records("host")).length, 3));
    await converged(scene, ...off);
    await allReachEachOther([1, 2]);
    await assert.rejects(scene.host(1).attach("web", "late"), { code: "store_unavailable" });
    await churn(scene.hosts.slice(2));
    scene.wires.mend();
    await converged(scene);
    await allReachEachOther();
  });

  it("changes nothing where hosts are cut off from each other, and goes on when they are not", async () => {
    scene.wires.cut([1, 2], [3, 4, 5]);
    await eventually(async () => assert.ok(!(await reaches(1, 3))));
    assert.ok(await reaches(1, 2));
    await churn(scene.hosts);
    await converged(scene);
    scene.wires.mend();
    await allReachEachOther();
    await converged(scene);
  });

  it("goes on where one member is cut off from the others", async () => {
    for (const alone of members) {
      scene.wires.cut(
        [alone],
        members.filter((number) => number !== alone),
      );
      await churn(scene.hosts);
      await converged(scene);
      scene.wires.mend();
    }
    await converged(scene);
  });

  it("goes on over wires that are slow and lose packets", async (t) => {
    for (const number of [3, 101]) scene.wires.slow(number);
    for (let round = 0; round < 3; round++) await churn(scene.hosts);
    const slow = await eventually(() => scene.host(3).attach("web", "slow"));
    await converged(scene);
    await eventually(async () => assert.ok(await pings(resident(1), slow.ipv4)));
    const { lost, delayed } = scene.wires.suffered();
    t.diagnostic(`${lost} packets were lost, ${delayed} times one had to wait`);
    assert.ok(lost > 0 && delayed > 0);
    scene.wires.mend();
    await scene.host(3).detach("slow");
    await converged(scene);
    await allReachEachOther();
  });

  it("does not care what time of day a host thinks it is", async () => {
    const host = scene.host(2);
    const lifeOf = async () =>
      (await scene.records("host")).find(({ value }) => JSON.stringify(value).includes("host2"))?.revision;
    await eventually(async () => assert.equal((await scene.records("host")).length, hosts.length));
    const before = await lifeOf();
    const day = 24 * 3600 * 1000;
    for (const jump of [day, -400 * day]) {
      await host.setClock(jump);
      await churn([host]);
      // Longer than its life.
      await sleep(4000);
      assert.equal(await lifeOf(), before, `after a jump of ${jump} ms`);
      await converged(scene);
    }
    await host.setClock(0);
    await allReachEachOther();
  });

  it("does without a host that is suspended, which finds out when it wakes", async () => {
    const host = scene.host(4);
    host.suspend();
    await eventually(async () => assert.equal((await scene.records("host")).length, hosts.length - 1));
    await converged(scene, host);
    host.resume();
    await converged(scene);
    await allReachEachOther();
  });

  it("puts a host right that comes back with an old state", async () => {
    const host = scene.host(4);
    const old = await host.attach("web", "old");
    await host.makeNetwork("gone");
    await host.stop();
    const copy = join(host.directory, "copy");
    cpSync(host.stateDir, copy, { recursive: true });
    await host.start();
    await eventually(() => host.attach("web", "since"));
    await host.detach("old");
    await eventually(() => host.deleteNetwork("gone"));
    // Another one of the same name.
    await eventually(() => scene.host(1).makeNetwork("gone", "10.8.0.0/24"));
    const heir = await eventually(() => scene.host(1).attach("web", "heir", { ipv4: old.ipv4 }));
    await converged(scene);
    await host.kill();
    rmSync(host.stateDir, { recursive: true });
    cpSync(copy, host.stateDir, { recursive: true });
    await host.start();
    await eventually(async () => {
      const codes = (await host.look()).findings.map(({ code }) => code);
      assert.ok(codes.includes("endpoint_yielded"), codes.join());
    });
    await converged(scene);
    await eventually(async () => assert.ok(await pings(resident(2), heir.ipv4)));
    await host.detach("old");
    await scene.host(1).detach("heir");
    await scene.host(1).deleteNetwork("gone");
    await converged(scene);
    await allReachEachOther();
  });

  it("refuses a second host with the id of another, and tells why", async () => {
    const clone = scene.addHost(6);
    cpSync(scene.host(1).stateDir, clone.stateDir, { recursive: true });
    await clone.start(scene.host(1));
    await eventually(async () => {
      const findings = (await clone.look()).findings.map(({ code }) => code);
      assert.ok(findings.includes("host_id_in_use"), findings.join());
    });
    await assert.rejects(clone.attach("web", "twin"), { code: "host_id_in_use" });
    await assert.rejects(clone.makeNetwork("twin"), { code: "host_id_in_use" });
    // What it takes down of its copies is not the other's.
    await clone.detach("resident1");
    await churn([scene.host(1)]);
    await converged(scene, clone);
    assert.ok((await addresses()).includes(resident(1).ipv4));
    await allReachEachOther();
    await clone.kill();
    await allReachEachOther();
  });

  it("keeps a connection whose end moves to another host", async () => {
    const path = join(scene.host(1).directory, "moving");
    {
      using made = NetNamespace.create();
      made.bindAt(path);
    }
    const wishes = { ipv4: "10.7.0.200", mac: "02:42:0a:07:00:c8", key: path };
    await scene.host(1).attach("web", "moving", wishes);
    using namespace = NetNamespace.open(path);
    await using _server = await echoServer(namespace, 7000);
    using asking = NetNamespace.open(resident(3).netnsPath ?? "");
    await using conversation = await talk(asking, "10.7.0.200", 7000);
    assert.equal(await conversation.say("before"), "before");
    for (const [from, to] of [
      [1, 2],
      [2, 3],
      [3, 1],
    ] as const) {
      await scene.host(from).detach("moving");
      const answer = conversation.say(`on host${to}`);
      await scene.host(to).attach("web", "moving", wishes);
      assert.equal(await answer, `on host${to}`);
      await converged(scene);
    }
    await scene.host(1).detach("moving");
    unbindNamespace(path);
  });

  it("leaves nothing in the store when all is deleted", async () => {
    for (const host of scene.hosts.filter((one) => one.isRunning))
      await host.detach(`resident${host.number}`);
    await eventually(async () =>
      assert.deepEqual(
        (await scene.records(`address.${web}`)).filter(({ value }) => JSON.stringify(value) !== "{}"),
        [],
      ),
    );
    await scene.host(2).deleteNetwork("web");
    await eventually(async () => {
      for (const kind of ["network", "network-name", "network-going", "pool", "number.vni"])
        assert.deepEqual(await scene.records(kind), [], kind);
      for (const { id } of await scene.records("holder"))
        assert.deepEqual(await scene.records(`held.${id}`), []);
    });
    await converged(scene);
  });
});

async function pings({ netnsPath }: SeenEndpoint, address: string): Promise<boolean> {
  using namespace = NetNamespace.open(netnsPath ?? "");
  return canPing(namespace, address);
}

async function saysThatEtcdIsAway(host: FaultyHost): Promise<void> {
  await eventually(async () => {
    const codes = (await host.look()).findings.map(({ code }) => code);
    assert.ok(codes.includes("cluster_away"), `host${host.number}: ${codes.join()}`);
  });
}

async function busyOf(some: readonly FaultyHost[]): Promise<number> {
  const sights = await Promise.all(some.map((host) => host.look()));
  return sights.reduce((sum, { busy }) => sum + busy, 0);
}

/** Who looks without a pause needs a processor of its own. */
async function assertIdle(t: TestContext, some: readonly FaultyHost[]): Promise<void> {
  const before = await busyOf(some);
  const began = performance.now();
  await sleep(5000);
  const busy = (await busyOf(some)) - before;
  const each = busy / some.length / (performance.now() - began);
  t.diagnostic(
    `processor time of a host that has nothing to do while etcd is away: ${(100 * each).toFixed(1)} %`,
  );
  assert.ok(each < 0.2, `a host is busy for ${(100 * each).toFixed(1)} % of the time`);
}
