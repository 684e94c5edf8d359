// Hosts of a cluster on one underlay, each with a controller of its own; what they share is in memory, and each can be cut off from it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import {
  type Attachment,
  type ControllerOptions,
  type Network,
  NetworkController,
} from "@causeway/libnetwork";
import type { Lease } from "../../packages/libnetwork/src/contracts/shared-store.ts";
import {
  type MemorySharedStore,
  SharedMemory,
} from "../../packages/libnetwork/src/store/shared/memory-shared-store.ts";
import { eventually } from "./eventually.ts";
import { mountsBelow } from "./leak-check.ts";
import { Underlay } from "./underlay.ts";
import { addressOn } from "./wire.ts";

/** What controllers are opened with besides. */
export interface HostOptions {
  readonly cluster?: { readonly keyPeriod?: number };
  /** The overlay driver's configuration. */
  readonly overlay?: Readonly<Record<string, number>>;
  /** Names are answered in sandboxes. Default: true. */
  readonly resolver?: boolean;
  /** Default: there is no gateway bridge. */
  readonly gatewayNetwork?: NonNullable<ControllerOptions["gatewayNetwork"]>;
}

/** Calls of a shared store that wait for an answer. */
const sharedCalls = ["get", "list", "commit", "lease", "endLease"] as const;
export type SharedCall = (typeof sharedCalls)[number];

/** One host. */
export class ClusterHost {
  readonly number: number;
  readonly namespace = NetNamespace.create();
  readonly directory = mkdtempSync("/dev/shm/causeway-cluster-");
  readonly #memory: SharedMemory;
  store: MemorySharedStore;
  /** Those of this run. */
  leases: Lease[] = [];
  /** Makes each call of what is shared, or does something else in its place. Default: makes it. */
  onCall: (method: SharedCall, call: () => Promise<unknown>) => Promise<unknown> = (_, call) => call();
  readonly #options: HostOptions;
  #controller: NetworkController | undefined;

  constructor(underlay: Underlay, number: number, memory: SharedMemory, options: HostOptions) {
    this.number = number;
    this.#options = options;
    this.#memory = memory;
    this.store = memory.connect();
    this.namespace.bindAt(join(this.directory, "host"));
    using rtnl = new Rtnl(this.namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    underlay.connect(this.namespace, number);
  }

  /** An address more. */
  addAddress(cidr: string): void {
    using rtnl = new Rtnl(this.namespace);
    rtnl.execute(addressOn(rtnl.query(link.getIndex({ name: "eth0" })), cidr));
  }

  get controller(): NetworkController {
    assert.ok(this.#controller !== undefined, "the host's controller is stopped");
    return this.#controller;
  }

  /** @param advertise the address that others reach it at, or its interface */
  async start({ isReachable = true, advertise = "eth0" } = {}): Promise<void> {
    this.leases = [];
    this.store = this.#memory.connect();
    if (!isReachable) this.store.cutOff();
    this.#controller = await NetworkController.open({
      stateDir: join(this.directory, "state"),
      runDir: join(this.directory, "run"),
      hostNamespace: join(this.directory, "host"),
      defaultNetwork: false,
      gatewayNetwork: this.#options.gatewayNetwork ?? false,
      warmNamespaces: 0,
      plugins: false,
      resolver: this.#options.resolver ?? true,
      drivers: { overlay: this.#options.overlay ?? {} },
      cluster: {
        store: this.#remembering(),
        name: `host${this.number}`,
        advertise,
        ...this.#options.cluster,
      },
    });
    if (isReachable) await eventually(() => assert.ok(this.leases.length >= 2));
  }

  async stop(): Promise<void> {
    await this.#controller?.close();
    this.#controller = undefined;
    await this.store.close();
  }

  /** As time does that passes without this host. */
  expireLife(): void {
    const life = this.leases.at(-1);
    if (life !== undefined) this.#memory.expire(life.id);
  }

  expireAll(): void {
    for (const { id } of this.leases) this.#memory.expire(id);
  }

  /** The network, as soon as this host knows it. */
  network(name: string): Promise<Network> {
    return eventually(() => {
      const found = this.controller.networkByName(name);
      assert.ok(found !== undefined, `host${this.number} does not know network ${name}`);
      return found;
    });
  }

  async attach(network: string, containerId: string, ipv4?: string): Promise<Attachment> {
    const endpoint = ipv4 === undefined ? {} : { ipv4 };
    return this.controller.attach(await this.network(network), { containerId, endpoint });
  }

  async clear(): Promise<void> {
    for (const sandbox of this.controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
    for (const network of this.controller.networks())
      for (const endpoint of network.endpoints()) await endpoint.delete({ force: true });
  }

  async end(): Promise<void> {
    await this.stop();
    for (const path of mountsBelow(this.directory)) unbindNamespace(path);
    rmSync(this.directory, { recursive: true });
    this.namespace[Symbol.dispose]();
  }

  /** The store, with the leases that are taken written down. */
  #remembering(): MemorySharedStore {
    const { store, leases } = this;
    return new Proxy(store, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function") return value;
        const method = sharedCalls.find((one) => one === property);
        if (method === undefined) return value.bind(target);
        return async (...args: unknown[]) => {
          const answer = await this.onCall(method, () => Reflect.apply(value, target, args));
          if (method === "lease") leases.push(answer as Lease);
          return answer;
        };
      },
    });
  }
}

export class ClusterHosts implements AsyncDisposable {
  readonly memory = new SharedMemory();
  readonly underlay = new Underlay();
  readonly #hosts: ClusterHost[] = [];

  static async create(count: number, options: HostOptions = {}): Promise<ClusterHosts> {
    const cluster = new ClusterHosts();
    while (cluster.#hosts.length < count) await cluster.add(options);
    return cluster;
  }

  /** One host more. */
  async add(options: HostOptions = {}): Promise<ClusterHost> {
    const host = new ClusterHost(this.underlay, this.#hosts.length + 1, this.memory, options);
    this.#hosts.push(host);
    await host.start();
    return host;
  }

  /** From 1 on. */
  host(number: number): ClusterHost {
    const host = this.#hosts[number - 1];
    assert.ok(host !== undefined, `there is no host ${number}`);
    return host;
  }

  /** Somebody on the underlay who is none of the hosts: 192.0.2.<number>, 2001:db8::<number>. */
  outsider(number: number): NetNamespace {
    const namespace = NetNamespace.create();
    this.underlay.connect(namespace, number);
    return namespace;
  }

  /** Ids of the records of a kind. */
  ids(kind: string): readonly string[] {
    return this.memory.entries(kind).map(([id]) => id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.#hosts) await host.end();
    this.underlay[Symbol.dispose]();
  }

  /** Everything is deleted, and nothing of it is left in what hosts share. */
  async clear(): Promise<void> {
    for (const host of this.#hosts) await host.clear();
    for (const network of this.host(1).controller.networks()) {
      // A host that the store came back to registers a moment later.
      for (const service of network.services()) await eventually(() => service.delete());
      // Whatever publishes ports of its services on the other hosts goes a moment later.
      if (!network.predefined) await eventually(() => network.delete());
    }
    await eventually(() => {
      const kinds = [
        "network",
        "network-name",
        "network-going",
        "service",
        "service-going",
        "pool",
        "number.vni",
      ];
      for (const kind of kinds) assert.deepEqual(this.ids(kind), [], kind);
    });
  }
}
