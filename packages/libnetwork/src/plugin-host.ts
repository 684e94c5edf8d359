/**
 * PluginHost: our bridge driver and our IPAM, for somebody else's model: dockerd's, by the plugin protocol. With wiring.ts the only file that names concrete classes.
 */
import type { IpamDriverHandlers, NetworkDriverHandlers } from "@causeway/plugin-sdk";
import type { Driver } from "./contracts/driver.ts";
import type { HealingEvent } from "./contracts/healing.ts";
import { BridgeDriver } from "./drivers/bridge/driver.ts";
import { hostEndName } from "./drivers/bridge/host-end.ts";
import { DefaultIpam } from "./ipam/default-ipam.ts";
import { type ControllerOptions, checkedControllerOptions } from "./model/controller-options.ts";
import { exhaustion } from "./model/exhaustion.ts";
import { Healer } from "./model/healing/healer.ts";
import { KeyedMutex } from "./model/keyed-mutex.ts";
import { hostPrefixes } from "./netstack/host-prefixes.ts";
import { InterfaceMaker } from "./netstack/interface-maker.ts";
import { makePair } from "./netstack/pair.ts";
import { putInside } from "./netstack/put-inside.ts";
import { awaitCarrier } from "./netstack/readiness.ts";
import { memoryOf, openGround, ownerMark } from "./opening.ts";
import { DockerFilter } from "./serving/docker-filter.ts";
import { EndpointLinks } from "./serving/endpoint-links.ts";
import { OwedLeaves } from "./serving/owed-leaves.ts";
import { restoreServed } from "./serving/restoring.ts";
import { ServedDriver } from "./serving/served-driver.ts";
import { ServedIpam } from "./serving/served-ipam.ts";
import { ServedObjects } from "./serving/served-objects.ts";
import { ServedPatient } from "./serving/served-patient.ts";
import { KernelHostWatch } from "./watch/host-watch.ts";

type Shared =
  | "stateDir"
  | "hostNamespace"
  | "drivers"
  | "firewall"
  | "firewallTable"
  | "defaultAddressPools"
  | "selfHeal"
  | "hostResolvConf";

/** Options of {@link PluginHost.open}: those of a controller that concern its driver and its IPAM. */
export interface PluginHostOptions extends Pick<ControllerOptions, Shared> {
  /** Where Docker's own rules drop what is not Docker's, they are told to let our networks be. Default: true. */
  readonly dockerFilter?: boolean;
  /** Told what could not be taken up after a restart. Default: a warning of the process. */
  readonly onProblem?: (error: unknown) => void;
  /** Told of what somebody took away in the kernel, and of its mend. Default: nobody is. */
  readonly onHealth?: (event: HealingEvent) => void;
}

/** What {@link PluginHost.objects} counts. */
export interface ServedCounts {
  readonly networks: number;
  readonly endpoints: number;
}

export class PluginHost implements AsyncDisposable {
  /** For `servePlugin`. */
  readonly network: NetworkDriverHandlers;
  readonly ipam: IpamDriverHandlers;
  readonly #objects: ServedObjects;
  /** All that was opened, to be closed in reverse. */
  readonly #opened: AsyncDisposableStack;

  private constructor(
    handlers: Pick<PluginHost, "network" | "ipam">,
    objects: ServedObjects,
    opened: AsyncDisposableStack,
  ) {
    this.network = handlers.network;
    this.ipam = handlers.ipam;
    this.#objects = objects;
    this.#opened = opened;
  }

  /**
   * Opens the state directory of a plugin, and takes up what is stored there: bridges and rules that are missing are made.
   *
   * @throws CausewayError state_dir_locked, controller_running, store_corrupt, firewall_table_taken, unknown_option, invalid_option ...
   * @throws UnsupportedFeatureError where the machine lacks something: it says what, and the mend
   */
  static async open(options: PluginHostOptions): Promise<PluginHost> {
    try {
      return await PluginHost.#open(options);
    } catch (error) {
      throw exhaustion(error);
    }
  }

  static async #open({
    onProblem = warn,
    onHealth = () => undefined,
    dockerFilter = true,
    ...given
  }: PluginHostOptions): Promise<PluginHost> {
    // There are no sandboxes of ours, and nothing is kept for them.
    const checked = checkedControllerOptions({ ...given, runDir: given.stateDir });
    await using opened = new AsyncDisposableStack();
    const ground = openGround(checked, opened, (id) => id.slice(0, 12));
    const { store, controllerId, host, rtnl, reaper, firewall } = ground;
    const mark = ownerMark(controllerId);
    const ownerOf = (objectId: string) => `${mark}${objectId}`;
    const driver: Driver = opened.adopt(
      new BridgeDriver(
        {
          ...ground,
          memory: memoryOf(store, "bridge"),
          ownerOf,
        },
        checked.drivers.bridge,
      ),
      (made) => made.close(),
    );
    const objects = new ServedObjects();
    const maker = opened.use(new InterfaceMaker(host, rtnl, reaper));
    const links = new EndpointLinks({
      rtnl,
      ownerOf,
      hostEndName,
      awaitCarrier,
      makePair: (request) => makePair(rtnl, request),
      putInside: (path, request) => putInside({ host, rtnl, maker }, path, request),
    });
    const mutex = new KeyedMutex();
    const owed = new OwedLeaves(onProblem);
    opened.defer(async () => {
      await owed.payAll();
      await mutex.idle();
    });
    firewall.checkTables();
    await restoreServed({ driver, store, objects, links, onProblem });
    // Whatever follows is under its rules.
    firewall.install();
    await driver.restored?.();
    links.sweep(
      mark,
      (id) => objects.networks.has(id) || objects.endpoints.get(id)?.joined === true,
      (index) => reaper.later(reaper.deleteLink({ index })),
    );
    const defaultPools = { local: checked.defaultAddressPools };
    const avoid = () => hostPrefixes(rtnl, checked.hostResolvConf);
    const ipam = new DefaultIpam({ seed: controllerId, defaultPools });
    const servedIpam = new ServedIpam({ ipam, store, mutex, avoid, onProblem });
    await servedIpam.restore();
    const filter = dockerFilter ? new DockerFilter(host, controllerId, onProblem) : undefined;
    if (objects.networks.size > 0) await filter?.open();
    const letPass = async () => await filter?.open();
    const network = new ServedDriver({ driver, store, objects, links, owed, mutex, letPass });
    // Rules that nobody needs, once nobody puts them back any more.
    opened.defer(async () => {
      if (firewall.isIdle) firewall.uninstall();
      await (objects.networks.size === 0 ? filter?.close() : filter?.settled());
    });
    if (checked.selfHeal) {
      const patient = new ServedPatient({ driver, objects, mutex, letPass, firewall, onHealth });
      const watch = new KernelHostWatch({ host, rtnl, runDir: undefined, mark, filtered: firewall.active });
      opened.adopt(new Healer(patient, watch), (made) => made.close());
    }
    return new PluginHost({ network, ipam: servedIpam }, objects, opened.move());
  }

  /** How much is served at the moment. */
  get objects(): ServedCounts {
    const { networks, endpoints } = this.#objects;
    return { networks: networks.size, endpoints: endpoints.size };
  }

  /** Everything is released; networks, endpoints and what they are in the kernel stay. Rules that nobody needs are taken away. */
  close(): Promise<void> {
    return this.#opened.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
