/**
 * For tests: a served driver and IPAM before a driver that makes nothing but its half of links, and a log of who was asked for what, in which order.
 */
import type { TestContext } from "node:test";
import { link, NetNamespace, Reaper, Rtnl } from "@causeway/kernel";
import type { RequestOf } from "@causeway/plugin-sdk";
import type { Driver, EndpointState, JoinAnswer, PortBinding, WithheldBinding } from "../contracts/driver.ts";
import type { StoreChange } from "../contracts/store.ts";
import { KeyedMutex } from "../model/keyed-mutex.ts";
import { InterfaceMaker } from "../netstack/interface-maker.ts";
import { makePair } from "../netstack/pair.ts";
import { putInside } from "../netstack/put-inside.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { EndpointLinks } from "./endpoint-links.ts";
import { OwedLeaves } from "./owed-leaves.ts";
import type { ServedStore } from "./records.ts";
import { restoreServed } from "./restoring.ts";
import { ServedDriver } from "./served-driver.ts";
import { ServedObjects } from "./served-objects.ts";

/** A store that tells what it is told, and refuses what the test wants refused. */
export class WatchedStore implements ServedStore {
  readonly #store = new MemoryStore();
  readonly #step: (name: string) => void;

  constructor(step: (name: string) => void) {
    this.#step = step;
  }

  list(kind: string) {
    return this.#store.list(kind);
  }

  commit(changes: readonly StoreChange[]): number {
    this.#step(changes.map(({ op, kind }) => `${op} ${kind}`).join(", "));
    return this.#store.commit(changes);
  }

  commitSoon(changes: readonly StoreChange[]): number {
    return this.commit(changes);
  }

  /** Ids of what is stored. */
  ids(kind: string): readonly string[] {
    return this.list(kind).map(({ id }) => id);
  }
}

export const mark = "causeway-test:";

/** A host with a bridge on it. Its links are real, so that dockerd's part can be played. */
export class ServedWorld {
  readonly log: string[] = [];
  /** The step, of those in the log, that fails. */
  failing = "";
  readonly problems: unknown[] = [];
  readonly host = NetNamespace.create();
  readonly rtnl = new Rtnl(this.host);
  readonly reaper = new Reaper(this.host);
  readonly owed = new OwedLeaves((error) => void this.problems.push(error));
  readonly store = new WatchedStore((name) => this.step(name));
  /** Ports that the driver goes without when it restores an endpoint. */
  withheld: readonly WithheldBinding[] = [];
  /** What the driver says of each join. */
  staticRoutes: JoinAnswer["staticRoutes"] = [];
  readonly links: EndpointLinks;
  objects = new ServedObjects();
  driver: ServedDriver;
  readonly #bridge: number;
  readonly #maker = new InterfaceMaker(this.host, this.rtnl, this.reaper);

  constructor(t: Pick<TestContext, "after">) {
    this.rtnl.execute(link.create({ name: "bridge0", info: { kind: "bridge" } }));
    this.#bridge = this.rtnl.query(link.get({ name: "bridge0" })).index;
    const { host, rtnl } = this;
    const maker = this.#maker;
    this.links = new EndpointLinks({
      rtnl,
      ownerOf: (id) => `${mark}${id}`,
      hostEndName,
      awaitCarrier: () => undefined,
      makePair: (request) => makePair(rtnl, request),
      putInside: (path, request) => putInside({ host, rtnl, maker }, path, request),
    });
    this.driver = this.#served();
    t.after(async () => {
      await this.owed.payAll();
      this.#maker[Symbol.dispose]();
      await this.reaper.close();
      this.rtnl[Symbol.dispose]();
      this.host[Symbol.dispose]();
    });
  }

  step(name: string): void {
    this.log.push(name);
    if (name === this.failing) throw new Error(`no ${name}`);
  }

  /** What was done since the last time. */
  steps(): readonly string[] {
    return this.log.splice(0);
  }

  /** As after a kill: what is known is what is stored. */
  async restart(): Promise<void> {
    this.objects = new ServedObjects();
    const onProblem = (error: unknown) => void this.problems.push(error);
    const { store, objects, links } = this;
    await restoreServed({ driver: this.#driver, store, objects, links, onProblem });
    this.driver = this.#served();
  }

  hasLink(name: string): boolean {
    return this.rtnl.findLink({ name }) !== undefined;
  }

  /** As when a sandbox ends: the pair goes with the end that was in it. */
  loseLinks(endpointId: string): void {
    this.rtnl.execute(link.remove({ name: hostEndName(endpointId) }));
  }

  #served(): ServedDriver {
    return new ServedDriver({
      driver: this.#driver,
      store: this.store,
      objects: this.objects,
      links: this.links,
      owed: this.owed,
      mutex: new KeyedMutex(),
      letPass: async () => this.step("letPass"),
    });
  }

  readonly #driver: Driver = this.#makeDriver();

  #makeDriver(): Driver {
    const answer = (id: string) => ({
      interface: {
        plan: {
          kind: "veth" as const,
          hostName: hostEndName(id),
          bridgeIndex: this.#bridge,
          port: { hairpin: false, multicastRouter: 0 as const, groupForwardMask: 0 },
        },
        prefix: "eth",
        mtu: 1400,
        announce: { count: 0, intervalMs: 0, urgent: false },
      },
      gatewayIpv4: "10.1.0.1",
      gatewayIpv6: undefined,
      staticRoutes: this.staticRoutes,
    });
    return {
      type: "bridge",
      scope: "local",
      traits: { singleton: false, addressless: false, sharesHost: false, remote: false },
      validateNetwork: () => undefined,
      createNetwork: ({ id }) => {
        this.step("createNetwork");
        return { made: id };
      },
      deleteNetwork: () => this.step("deleteNetwork"),
      createEndpoint: () => {
        this.step("createEndpoint");
        return { bindings: [] };
      },
      deleteEndpoint: () => {
        this.step("deleteEndpoint");
      },
      join: async (_, id) => {
        this.step("join");
        // What leaves goes by its name.
        await this.reaper.drain();
        return answer(id);
      },
      joinAnswer: (_, id) => answer(id),
      leave: (_, id) => {
        this.step("leave");
        this.reaper.later(this.reaper.deleteLink({ name: hostEndName(id) }));
      },
      publish: (_network, _id, mappings): EndpointState => {
        this.step("publish");
        return {
          bindings: mappings.map(({ protocol, containerPort, hostAddress = "0.0.0.0", hostPort = 0 }) => ({
            protocol,
            containerPort,
            hostAddress,
            hostPort,
            containerAddress: "10.1.0.2",
          })),
        };
      },
      unpublish: (_network, _id, bindings) => {
        this.step(`unpublish ${portsOf(bindings)}`);
        return { bindings: [] };
      },
      endpointOperInfo: () => ({ bridge: "bridge0" }),
      restoreNetwork: (_, state) => this.step(`restoreNetwork ${JSON.stringify(state)}`),
      restoreEndpoint: (_, { bindings }, joined) => {
        this.step(`restoreEndpoint ${joined ? "joined" : "not joined"} ${portsOf(bindings)}`.trim());
        return this.withheld;
      },
      close: () => undefined,
    };
  }
}

function portsOf(bindings: readonly PortBinding[]): string {
  return bindings.map(({ hostPort }) => hostPort).join(" ");
}

export function hostEndName(endpointId: string): string {
  return `host${endpointId.slice(0, 11)}`;
}

export const networkId = "a".repeat(64);
export const otherNetworkId = "b".repeat(64);
/** Numbered. */
export const endpointId = (number: number) => String(number).repeat(64).slice(0, 64);

export function networkRequest(
  changes: Partial<RequestOf<"NetworkDriver.CreateNetwork">> = {},
): RequestOf<"NetworkDriver.CreateNetwork"> {
  const pool = { AddressSpace: "local", Pool: "10.1.0.0/24", Gateway: "10.1.0.1/24", AuxAddresses: {} };
  return { NetworkID: networkId, Options: {}, IPv4Data: [pool], IPv6Data: [], ...changes };
}

export function endpointRequest(
  number: number,
  Interface: Partial<NonNullable<RequestOf<"NetworkDriver.CreateEndpoint">["Interface"]>> = {},
  Options: Readonly<Record<string, unknown>> = {},
): RequestOf<"NetworkDriver.CreateEndpoint"> {
  return {
    NetworkID: networkId,
    EndpointID: endpointId(number),
    Interface: { Address: `10.1.0.${number + 1}/24`, AddressIPv6: "", MacAddress: "", ...Interface },
    Options,
  };
}

export const ids = (number: number, NetworkID = networkId) => ({ NetworkID, EndpointID: endpointId(number) });

export const joinRequest = (number: number) => ({
  ...ids(number),
  SandboxKey: "/var/run/docker/netns/x",
  Options: {},
});

export const portsRequest = (number: number, HostPort: number) => ({
  ...ids(number),
  Options: {
    "com.docker.network.portmap": [
      { Proto: 6, IP: "", Port: 80, HostIP: "", HostPort, HostPortEnd: HostPort },
    ],
  },
});
