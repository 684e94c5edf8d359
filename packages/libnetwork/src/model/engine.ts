/**
 * Engine: what the objects of one controller share. Users never see it.
 */
import type { Balancer } from "../contracts/balancing.ts";
import type { Cluster } from "../contracts/cluster.ts";
import type { Driver, PortMapping } from "../contracts/driver.ts";
import type { Firewall } from "../contracts/firewall.ts";
import type { Ipam } from "../contracts/ipam.ts";
import type { Resolver } from "../contracts/names.ts";
import type { NetStack, RoutedEndpoint, RoutingPlan } from "../contracts/netstack.ts";
import type { Plugins } from "../contracts/plugins.ts";
import type { SandboxFiles } from "../contracts/sandbox-files.ts";
import type { Store, StoreChange } from "../contracts/store.ts";
import { CausewayError, unavailable, unsupported } from "../errors.ts";
import { suggestion } from "../options/nearest.ts";
import { clusterRequired, driversOfClusters } from "./cluster-required.ts";
import type { DefaultNetworkOptions } from "./controller-options.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { EventHub } from "./events.ts";
import { exhaustion } from "./exhaustion.ts";
import { GlobalScope } from "./global/global-scope.ts";
import { Intents } from "./intents/intents.ts";
import { KeyedMutex, type Keys } from "./keyed-mutex.ts";
import { HostLinks } from "./names/host-links.ts";
import type { NetworkCore } from "./network-core.ts";
import type { RestoreProblem } from "./problems.ts";
import { Registry } from "./registry.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import type { UndoStack } from "./undo.ts";

/** The concrete rooms that a controller works with; wiring.ts chooses them. */
export interface ModelParts {
  readonly store: Store;
  readonly drivers: ReadonlyMap<string, Driver>;
  readonly ipams: ReadonlyMap<string, Ipam>;
  /** What this host shares with others; undefined: nothing. */
  readonly cluster: Cluster | undefined;
  /** Where drivers and IPAMs of other names are found; undefined: there are no others. */
  readonly plugins: Plugins | undefined;
  readonly netstack: NetStack;
  readonly files: SandboxFiles;
  /** Undefined: sandboxes ask the host's name servers themselves. */
  readonly resolver: Resolver | undefined;
  /** Leads services' addresses to members in sandboxes; undefined: nobody does. */
  readonly balancer: Balancer | undefined;
  /** Addresses that `host-gateway` stands for; none: the gateway of the sandbox's own network. */
  readonly hostGateways: readonly string[];
  /** To be looked at and put right; what it holds is told to it by the drivers. */
  readonly firewall: Pick<Firewall, "inspect" | "inspectForeign" | "install">;
  /** The network by which sandboxes get out that no driver gives a gateway; undefined: they do not. */
  readonly gatewayNetwork: DefaultNetworkOptions | undefined;
  /** Decides which endpoint is a sandbox's way out. Pure. */
  readonly planRouting: (endpoints: readonly RoutedEndpoint[]) => RoutingPlan;
  /** Those that hold the store, and the sandboxes' namespaces and files. */
  readonly directories: readonly string[];
  /** Alias of a link in the kernel, for the id of what it belongs to. */
  readonly ownerOf: (objectId: string) => string;
}

/** Makes an endpoint on the gateway bridge, which publishes these ports; it has not joined yet. */
type GatewayMaker = (
  sandbox: SandboxCore,
  publish: readonly PortMapping[],
  undo: UndoStack,
) => Promise<EndpointCore>;

export class Engine {
  readonly parts: ModelParts;
  /** The controller's, for it makes networks and endpoints. Undefined: there is no gateway bridge. */
  makeGateway: GatewayMaker | undefined;
  readonly networks = new Registry<NetworkCore>();
  readonly sandboxes = new Registry<SandboxCore>();
  /** Endpoints of all networks, by id. */
  readonly endpoints = new Map<string, EndpointCore>();
  readonly hostLinks = new HostLinks();
  readonly events = new EventHub();
  /** What is to be taken back from plugins. */
  readonly intents = new Intents(this);
  /** Undefined: this host is in no cluster. */
  readonly global: GlobalScope | undefined;
  /** What could not be taken up from the store, by its id, until it is. */
  readonly unrestored = new Map<string, RestoreProblem>();
  readonly #locks = new KeyedMutex();
  #closed = false;

  constructor(parts: ModelParts) {
    this.parts = parts;
    this.global = parts.cluster && new GlobalScope(this, parts.cluster);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** @throws controller_closed */
  assertOpen(): void {
    if (this.#closed) throw unavailable("controller_closed", "this controller was closed: open another one");
  }

  /** From now on nothing begins; what has begun is waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    this.intents.stop();
    this.global?.stop();
    await this.#locks.idle();
    this.events.close();
  }

  /** Waits until the operations that have begun by now are over. */
  settled(): Promise<void> {
    return this.#locks.settled();
  }

  /**
   * Runs an operation when no other works on the objects of the same keys.
   *
   * @throws controller_closed, unless it was open when the operation's turn came
   * @throws file_descriptors_exhausted, and the other codes of exhaustion.ts
   */
  exclusively<T>(keys: Keys, operation: () => T | Promise<T>): Promise<T> {
    return this.#locks.run(keys, async () => {
      this.assertOpen();
      try {
        return await operation();
      } catch (error) {
        throw exhaustion(error);
      }
    });
  }

  /**
   * Asks something that changes nothing.
   *
   * @throws controller_closed, and the codes of exhaustion.ts
   */
  ask<T>(question: () => T): T {
    this.assertOpen();
    try {
      return question();
    } catch (error) {
      throw exhaustion(error);
    }
  }

  /** One durable transaction. */
  commit(...changes: readonly StoreChange[]): number | Promise<number> {
    return this.parts.store.commit(changes);
  }

  /**
   * The driver of a network that is there: where it is a plugin, nobody is asked whether that runs.
   *
   * @throws unknown_driver
   */
  driver(type: string): Driver {
    const driver = this.parts.drivers.get(type) ?? this.#plugin(type);
    if (driver !== undefined) return driver;
    throw driversOfClusters.includes(type) ? clusterRequired(type) : this.#unknownDriver(type);
  }

  #plugin(type: string): Driver | undefined {
    return driversOfClusters.includes(type) ? undefined : this.parts.plugins?.driver(type);
  }

  /** As {@link driver}. @throws unknown_ipam_driver */
  ipam(name: string): Ipam {
    const ipam = this.parts.ipams.get(name) ?? this.parts.plugins?.ipam(name);
    if (ipam === undefined) throw this.#unknownIpam(name);
    return ipam;
  }

  /**
   * The driver for a new network: a plugin is looked for, and must answer.
   *
   * @throws unknown_driver; plugin_unreachable and the like
   */
  async findDriver(type: string): Promise<Driver> {
    const driver = this.driver(type);
    await driver.connect?.().catch((error: unknown) => {
      throw isNoSuchPlugin(error) ? this.#unknownDriver(type, error) : error;
    });
    return driver;
  }

  /** As {@link findDriver}. @throws unknown_ipam_driver */
  async findIpam(name: string): Promise<Ipam> {
    const ipam = this.ipam(name);
    await ipam.connect?.().catch((error: unknown) => {
      throw isNoSuchPlugin(error) ? this.#unknownIpam(name, error) : error;
    });
    return ipam;
  }

  #unknownDriver(type: string, cause?: Error): CausewayError {
    const known = [...this.parts.drivers.keys()];
    const message = `there is no network driver "${type}"${suggestion(type, known)}; there are ${known.join(", ")}`;
    return unknownName("unknown_driver", message, { driver: type, known }, cause);
  }

  #unknownIpam(name: string, cause?: Error): CausewayError {
    const known = [...this.parts.ipams.keys()];
    const message = `there is no IPAM driver "${name}"${suggestion(name, known)}; there are ${known.join(", ")}`;
    return unknownName("unknown_ipam_driver", message, { driver: name, known }, cause);
  }

  /** @throws unsupported_by_driver */
  publisher(type: string): Required<Pick<Driver, "publish" | "unpublish">> {
    const driver = this.driver(type);
    const { publish, unpublish } = driver;
    if (publish === undefined || unpublish === undefined) {
      throw unsupported(
        "unsupported_by_driver",
        `networks of the ${type} driver do not publish ports: leave them out`,
      );
    }
    return { publish: publish.bind(driver), unpublish: unpublish.bind(driver) };
  }
}

/** Nothing of this name is found, or something that is another kind of plugin. */
function isNoSuchPlugin(error: unknown): error is CausewayError {
  const codes = ["plugin_not_found", "plugin_name_invalid", "plugin_kind_missing"];
  return error instanceof CausewayError && codes.includes(error.code);
}

/** @param cause where a plugin of the name was looked for */
function unknownName(
  code: string,
  message: string,
  detail: unknown,
  cause: Error | undefined,
): CausewayError {
  if (cause === undefined) return new CausewayError("invalid", code, message, { detail });
  return new CausewayError("invalid", code, `${message}, and ${cause.message}`, { cause, detail });
}
