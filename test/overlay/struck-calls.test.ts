// Each call of what hosts share fails once, in each way that it can, in what a host does with a network of the cluster: it can be tried again, packets go
// as they should, and of what is undone no record stays.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Attachment, CausewayError, type Network, type Service } from "@causeway/libnetwork";
import { type ClusterHost, ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { addressOf, serveAll, whoAnswers } from "../support/speakers.ts";
import { canPing } from "../support/traffic.ts";

/** What becomes of the call that is struck. */
interface Way {
  readonly name: string;
  /** It happens, and its answer does not come: commits alone. */
  readonly happens: boolean;
  /** The store cannot be reached from then on, until what was begun has ended. */
  readonly away: boolean;
  /** The host is opened again before the store is back. */
  readonly restarts: boolean;
}

const ways: readonly Way[] = [
  { name: "fails", happens: false, away: true, restarts: false },
  { name: "fails, and the host starts anew", happens: false, away: true, restarts: true },
  { name: "is not answered", happens: true, away: false, restarts: false },
  { name: "is not answered, and the store is away", happens: true, away: true, restarts: false },
  { name: "is not answered, and the host starts anew", happens: true, away: true, restarts: true },
];

const gatewayNetwork = { subnet: "172.31.0.0/24", subnetIpv6: "fd00:31::/64" };
const member = "10.8.0.10";

/** Two hosts, a network, and somebody on the second who looks. */
class Scene implements AsyncDisposable {
  readonly cluster: ClusterHosts;
  readonly looking: Attachment;

  private constructor(cluster: ClusterHosts, looking: Attachment) {
    this.cluster = cluster;
    this.looking = looking;
  }

  static async create(): Promise<Scene> {
    const cluster = await ClusterHosts.create(2, { gatewayNetwork });
    // The member's address is nobody's by chance.
    const ipam = { config: [{ subnet: "10.8.0.0/24", ipRange: "10.8.0.128/25" }] };
    await cluster.host(1).controller.newNetwork("overlay", "web", { ipam });
    return new Scene(cluster, await cluster.host(2).attach("web", "looking"));
  }

  /** The host that is struck. */
  get host(): ClusterHost {
    return this.cluster.host(1);
  }

  get web(): Network {
    return this.host.controller.networkByName("web") ?? assert.fail("there is no network web");
  }

  get service(): Service | undefined {
    return this.web.serviceByName("www");
  }

  async makeNetwork(): Promise<void> {
    if (this.host.controller.networkByName("other") !== undefined) return;
    const ipam = { config: [{ subnet: "10.9.0.0/24" }] };
    await this.host.controller.newNetwork("overlay", "other", { ipam });
  }

  async deleteNetwork(): Promise<void> {
    await this.host.controller.networkByName("other")?.delete();
  }

  async makeService(): Promise<void> {
    if (this.service !== undefined) return;
    await this.web.createService("www", { ports: [{ port: 80, targetPort: 8080, hostPort: 8000 }] });
  }

  async deleteService(): Promise<void> {
    await this.service?.delete();
  }

  /** As somebody does who tries again: what is there of an earlier attempt goes first. */
  async attach(): Promise<void> {
    const sandbox = this.#sandbox;
    if (sandbox?.endpoints().some(({ network }) => network.name === "web")) return;
    await this.detach();
    const service = this.service === undefined ? {} : { service: { name: "www" } };
    await this.host.controller.attach(this.web, { containerId: "m", endpoint: { ipv4: member, ...service } });
  }

  async detach(): Promise<void> {
    await this.#sandbox?.delete({ endpoints: "delete" });
    for (const endpoint of this.web.endpoints())
      if (endpoint.sandbox === undefined) await endpoint.delete({ force: true });
  }

  async setUnhealthy(): Promise<void> {
    for (const { endpoint } of this.service?.members() ?? []) await endpoint.setHealthy(false);
  }

  async undoAll(): Promise<void> {
    await this.detach();
    await this.deleteService();
    await this.deleteNetwork();
  }

  /** Seen from the other host. */
  knows(name: string): boolean {
    return this.cluster.host(2).controller.networkByName(name) !== undefined;
  }

  knowsService(): boolean {
    return this.cluster.host(2).controller.networkByName("web")?.serviceByName("www") !== undefined;
  }

  knowsMember(): boolean {
    const service = this.cluster.host(2).controller.networkByName("web")?.serviceByName("www");
    return service?.remoteMembers().some(({ state }) => state === "serving") === true;
  }

  async pings(): Promise<boolean> {
    using from = namespaceOf(this.looking.sandbox);
    return canPing(from, member);
  }

  async answers(): Promise<string> {
    const [sandbox, service] = [this.#sandbox, this.service];
    assert.ok(sandbox !== undefined && service !== undefined);
    await using _server = await serveAll([{ name: "m", sandbox }], 8080);
    return await whoAnswers(this.looking.sandbox, addressOf(service, "ipv4"), 80);
  }

  get #sandbox() {
    return this.host.controller.sandboxes().find(({ containerId }) => containerId === "m");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cluster[Symbol.asyncDispose]();
  }
}

interface Step {
  readonly prepare?: (scene: Scene) => Promise<unknown>;
  /** Can be repeated. */
  readonly act: (scene: Scene) => Promise<unknown>;
  readonly check: (scene: Scene) => Promise<void>;
  /** It waits for the store, which is back by itself after so many milliseconds. */
  readonly storeIsBackAfter?: number;
}

const steps: Readonly<Record<string, Step>> = {
  "a network is made": {
    act: (scene) => scene.makeNetwork(),
    check: async (scene) => assert.ok(scene.knows("other")),
  },
  "a network is deleted": {
    prepare: (scene) => scene.makeNetwork(),
    act: (scene) => scene.deleteNetwork(),
    check: async (scene) => assert.ok(!scene.knows("other")),
  },
  "a sandbox joins": {
    act: (scene) => scene.attach(),
    check: async (scene) => assert.ok(await scene.pings()),
  },
  "a sandbox leaves": {
    prepare: (scene) => scene.attach(),
    act: (scene) => scene.detach(),
    check: async (scene) => assert.ok(!(await scene.pings())),
  },
  "a service is made": {
    act: (scene) => scene.makeService(),
    check: async (scene) => assert.ok(scene.knowsService()),
  },
  "a service is deleted": {
    prepare: (scene) => scene.makeService(),
    act: (scene) => scene.deleteService(),
    check: async (scene) => assert.ok(!scene.knowsService()),
  },
  "a member joins": {
    prepare: (scene) => scene.makeService(),
    act: (scene) => scene.attach(),
    check: async (scene) => assert.equal(await scene.answers(), "m"),
  },
  "the host starts": {
    prepare: async (scene) => {
      await scene.makeService();
      await scene.attach();
    },
    act: async (scene) => {
      await scene.host.stop();
      await scene.host.start();
      await eventually(() => assert.ok(scene.knowsMember()));
    },
    check: async (scene) => assert.equal(await scene.answers(), "m"),
    storeIsBackAfter: 30,
  },
  "a member falls ill": {
    prepare: async (scene) => {
      await scene.makeService();
      await scene.attach();
      await eventually(() => assert.ok(scene.knowsMember()));
    },
    act: (scene) => scene.setUnhealthy(),
    check: async (scene) => assert.ok(!scene.knowsMember()),
  },
};

/** Strikes one call of the first host's while it acts. @returns undefined where there is none of that number, or not that way */
async function struck(
  scene: Scene,
  call: number,
  way: Way,
  { act, storeIsBackAfter }: Step,
): Promise<string | undefined> {
  const { host } = scene;
  let calls = 0;
  let found: string | undefined;
  host.onCall = async (method, perform) => {
    if (++calls !== call || (way.happens && method !== "commit")) return perform();
    found = method;
    const { store } = host;
    if (way.happens) store.loseAnswer();
    else store.cutOff("struck");
    try {
      return await perform();
    } finally {
      if (way.away) store.cutOff("struck");
      if (storeIsBackAfter !== undefined) setTimeout(() => store.back(), storeIsBackAfter);
    }
  };
  try {
    await act(scene);
  } catch (error) {
    assert.ok(error instanceof CausewayError && error.code === "store_unavailable", String(error));
  }
  host.onCall = (_, perform) => perform();
  if (found === undefined) return calls < call ? undefined : "another way";
  if (storeIsBackAfter !== undefined) return found;
  if (way.restarts) {
    await host.stop();
    // What it told others of itself ends with its life of before.
    host.expireLife();
    await host.start();
  } else if (way.away) host.store.back();
  return found;
}

async function playAll(scene: Scene, step: Step): Promise<number> {
  const { cluster } = scene;
  const { prepare, act, check, storeIsBackAfter } = step;
  const before = cluster.memory.records();
  let trials = 0;
  for (let call = 1; ; call++) {
    let isThere = false;
    for (const way of ways) {
      if (way.restarts && storeIsBackAfter !== undefined) continue;
      await prepare?.(scene);
      const method = await struck(scene, call, way, step);
      const context = `call ${call} (${method}) ${way.name}`;
      const told = (error: unknown) =>
        assert.fail(`${context}: ${error instanceof Error ? error.stack : error}`);
      if (method !== undefined) isThere = true;
      if (method !== undefined && method !== "another way") {
        trials++;
        await eventually(() => act(scene)).catch(told);
        await eventually(() => check(scene)).catch(told);
      }
      await eventually(() => scene.undoAll()).catch(told);
      await eventually(() => assert.deepEqual(cluster.memory.records(), before)).catch(told);
      for (const number of [1, 2]) {
        const { controller } = cluster.host(number);
        const items = async () => (await controller.inspectHealth()).items.map(({ message }) => message);
        await eventually(async () => assert.deepEqual(await items(), [])).catch(told);
      }
      if (method === undefined) break;
    }
    if (!isThere) return trials;
  }
}

describe("what hosts share, where a call of it fails", () => {
  checkLeaks();

  for (const [name, step] of Object.entries(steps)) {
    it(`while ${name}, is as it should be after another attempt`, async (t) => {
      await using scene = await Scene.create();
      const trials = await playAll(scene, step);
      t.diagnostic(`${trials} trials`);
      assert.ok(trials > 3);
    });
  }
});
