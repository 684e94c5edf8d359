/**
 * NetworkController: the model with the rooms behind it. The only file that names concrete classes.
 */
import { files, type NetNamespace } from "@causeway/kernel";
import { type PluginClient, RemoteIpam, RemoteNetworkDriver } from "@causeway/plugin-sdk";
import { SandboxBalancer } from "./balancing/sandbox-balancer.ts";
import { ClusterIpam } from "./cluster/cluster-ipam.ts";
import type { HostCluster } from "./cluster/host-cluster.ts";
import type { Driver } from "./contracts/driver.ts";
import type { HostWatch } from "./contracts/host-watch.ts";
import type { Resolver } from "./contracts/names.ts";
import type { Plugins } from "./contracts/plugins.ts";
import { Controller } from "./controller.ts";
import { FileSandboxFiles } from "./dns/files/file-sandbox-files.ts";
import type { ResolverSettings } from "./dns/server/protocol.ts";
import { ThreadResolver } from "./dns/server/thread-resolver.ts";
import { BridgeDriver } from "./drivers/bridge/driver.ts";
import { OverlayDriver } from "./drivers/overlay/driver.ts";
import { TunnelEncryption } from "./drivers/overlay/encryption/encryption.ts";
import { parseDriverConfig } from "./drivers/overlay/options.ts";
import { RemoteDriver } from "./drivers/remote/driver.ts";
import { StacklessDriver } from "./drivers/stackless-driver.ts";
import { invalid } from "./errors.ts";
import { DefaultIpam } from "./ipam/default-ipam.ts";
import { NullIpam } from "./ipam/null-ipam.ts";
import { PluginIpam } from "./ipam/remote/plugin-ipam.ts";
import { clusterRequiredBySettings, driversOfClusters } from "./model/cluster-required.ts";
import {
  type CheckedControllerOptions,
  type CheckedPluginOptions,
  type ControllerOptions,
  checkedControllerOptions,
  checkedReloadOptions,
  type ReloadOptions,
} from "./model/controller-options.ts";

import type { Engine, ModelParts } from "./model/engine.ts";
import { exhaustion } from "./model/exhaustion.ts";
import { ensureNetworks } from "./model/predefined.ts";
import { replayLater } from "./model/replay.ts";
import { mendSandboxes } from "./model/restored-sandboxes.ts";
import { type ControllerStatistics, countObjects } from "./model/statistics.ts";
import { findStale, sweep } from "./model/sweep.ts";
import { undoing } from "./model/undo.ts";
import { KernelNetStack } from "./netstack/netstack.ts";
import { planRouting } from "./netstack/routing.ts";
import { claimRunDirectory, networkNamespacePath } from "./netstack/run-directory.ts";
import { type Ground, makeFirewall, memoryOf, openCluster, openGround, ownerMark } from "./opening.ts";
import { absolutePath } from "./options/absolute-path.ts";
import { suggestionOrAll } from "./options/nearest.ts";
import { boolean, parseObject } from "./options/parse.ts";
import { FoundPlugins } from "./plugins/found-plugins.ts";
import { type BackupResult, backUp, type RestoreResult, restoreBackup } from "./store/backup.ts";
import { KernelHostWatch } from "./watch/host-watch.ts";

/** Questions of one sandbox that others are asked at a time. */
const mostInFlight = 1024;

/** What a controller holds besides the model's parts. */
interface Machinery extends Ground {
  readonly ipam: DefaultIpam;
  readonly resolver: Resolver | undefined;
  readonly cluster: HostCluster | undefined;
  /** Of the cluster's tunnels. */
  readonly encryption: TunnelEncryption | undefined;
}

const backupTable = { overwrite: boolean };
const restoreTable = { stateDir: absolutePath, from: absolutePath };

/** Options of {@link NetworkController.backup}. */
export interface BackupOptions {
  /** Replace a file that is there. Default: false. */
  readonly overwrite?: boolean;
}

/** Options of {@link NetworkController.restoreBackup}. */
export interface RestoreBackupOptions {
  /** The state directory, which no controller has open; made if need be. */
  readonly stateDir: string;
  /** A file that {@link NetworkController.backup} has made. */
  readonly from: string;
}

export class NetworkController extends Controller {
  readonly #engine: Engine;
  readonly #stateDir: string;
  readonly #machinery: Machinery;
  /** All that was opened, to be closed in reverse. */
  readonly #opened: AsyncDisposableStack;

  private constructor(engine: Engine, stateDir: string, machinery: Machinery, opened: AsyncDisposableStack) {
    super(engine);
    this.#engine = engine;
    this.#stateDir = stateDir;
    this.#machinery = machinery;
    this.#opened = opened;
  }

  /**
   * Opens the controller of a state directory, and takes up the networks, endpoints and sandboxes that are stored there.
   *
   * @throws CausewayError state_dir_locked (another controller has the directory), controller_running (another has a copy of it), store_corrupt, store_too_new,
   * run_dir_taken, run_dir_unusable, firewall_table_taken, unknown_driver, cluster_required, unknown_option, invalid_option,
   * file_descriptors_exhausted, namespaces_exhausted ...
   * @throws UnsupportedFeatureError where the machine lacks something: it says what, and the mend
   */
  static async open(options: ControllerOptions): Promise<NetworkController> {
    try {
      return await NetworkController.#open(options);
    } catch (error) {
      throw exhaustion(error);
    }
  }

  static async #open(options: ControllerOptions): Promise<NetworkController> {
    const checked = checkedControllerOptions(options);
    await using opened = new AsyncDisposableStack();
    let endpointName: (id: string) => string | undefined = () => undefined;
    const ground = openGround(checked, opened, (id) => endpointName(id));
    const { controllerId, host, firewall } = ground;
    claimRunDirectory(checked.runDir, controllerId);
    const ipam = new DefaultIpam({
      seed: controllerId,
      defaultPools: { local: checked.defaultAddressPools },
    });
    const resolver = checked.resolver
      ? opened.adopt(new ThreadResolver(host, resolverSettings(checked, controllerId), warn), (made) =>
          made.end(),
        )
      : undefined;
    const cluster = checked.cluster && (await openCluster(checked.cluster, ground, opened));
    const encryption = cluster && openEncryption(checked, cluster, host, opened);
    const machinery = { ...ground, ipam, resolver, cluster, encryption };
    const parts = makeParts(checked, controllerId, machinery);
    opened.defer(() => parts.netstack.close());
    const wasInstalled = firewall.checkTables();
    const engine = await Controller.restored(parts);
    endpointName = (id) => {
      const found = engine.endpoints.get(id);
      return found === undefined ? undefined : `${found.network.name}/${found.name}`;
    };
    const controller = new NetworkController(engine, checked.stateDir, machinery, opened.move());
    return undoing(async (undo) => {
      undo.push(() => controller.close());
      // What somebody relies on stays; tables that nobody asked for would be there for ever.
      undo.push(() => !wasInstalled && firewall.isIdle && firewall.uninstall());
      await controller.#takeOver(checked);
      if (checked.selfHeal) controller.startHealing(makeWatch(checked, ownerMark(controllerId), machinery));
      return controller;
    });
  }

  /** Makes the kernel as the model is: the firewall first, so that whatever follows is under its rules. */
  async #takeOver({ defaultNetwork }: CheckedControllerOptions): Promise<void> {
    const engine = this.#engine;
    this.#machinery.firewall.install();
    for (const driver of engine.parts.drivers.values()) await driver.restored?.();
    engine.intents.returnLinks();
    await mendSandboxes(engine);
    sweep(engine, findStale(engine));
    engine.events.opened();
    await ensureNetworks(engine, defaultNetwork);
    engine.intents.start();
    replayLater(engine);
    engine.global?.start();
  }

  /**
   * Takes up what can be changed while it is open. What is not named stays as it is; on an error, everything does.
   *
   * @throws invalid_option, invalid_subnet, invalid_default_pool, user_rules_refused, unsupported_without_firewall, controller_closed ...
   */
  async reloadConfiguration(options: ReloadOptions): Promise<void> {
    const { defaultAddressPools, userRules } = checkedReloadOptions(options);
    await this.#engine.exclusively(["configuration"], () => {
      const { firewall, ipam } = this.#machinery;
      // What may be refused by the kernel goes first: pools have been checked, but for their sizes.
      if (defaultAddressPools !== undefined)
        new DefaultIpam({ seed: "", defaultPools: { local: defaultAddressPools } });
      if (userRules !== undefined) firewall.setUserRules(userRules);
      if (defaultAddressPools !== undefined) ipam.setDefaultPools({ local: defaultAddressPools });
    });
  }

  /**
   * What the controller has done since it was opened, and what there is at the moment: counts, for a monitor. Asks the kernel nothing.
   *
   * @throws controller_closed
   */
  statistics(): ControllerStatistics {
    const { firewall, reaper, resolver, store } = this.#machinery;
    return {
      ...countObjects(this.#engine),
      reaperQueue: reaper.waiting,
      names: resolver?.counts,
      nftTransactions: firewall.transactions,
      storeCommits: store.commits,
    };
  }

  /**
   * Copies the store into a file, as it is at one moment, while operations go on; see {@link restoreBackup}.
   *
   * @throws backup_exists, invalid_path, store_full, controller_closed ...
   */
  async backup(path: string, options: BackupOptions = {}): Promise<BackupResult> {
    const { overwrite = false } = parseObject(backupTable, options, "options");
    const target = absolutePath(path, "path");
    return this.#engine.exclusively(["backup"], () => backUp(this.#stateDir, target, overwrite));
  }

  /**
   * Puts a backup in the place of the store of a state directory; what was there is kept beside it. The next {@link open} makes the
   * kernel as the backup says.
   *
   * @throws backup_unreadable, state_dir_locked, store_full ...
   */
  static async restoreBackup(options: RestoreBackupOptions): Promise<RestoreResult> {
    const { stateDir, from } = parseObject(restoreTable, options, "options");
    return restoreBackup(absolutePath(stateDir, "options.stateDir"), absolutePath(from, "options.from"));
  }

  protected override uninstallParts(): void {
    this.#machinery.firewall.uninstall();
    if (!this.sandboxes().some(({ usesHostNetwork }) => usesHostNetwork))
      this.#engine.parts.netstack.uninstall();
  }

  protected override closeParts(): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

function resolverSettings(
  { hostResolvConf, resolverCacheBytes }: CheckedControllerOptions,
  controllerId: string,
): ResolverSettings {
  const owner = `causeway:${controllerId}`;
  return { owner, hostResolvConf, cacheBytes: resolverCacheBytes, inFlight: mostInFlight };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

function makeWatch({ runDir }: CheckedControllerOptions, mark: string, machinery: Machinery): HostWatch {
  const { host, rtnl, firewall } = machinery;
  return new KernelHostWatch({ host, rtnl, runDir, mark, filtered: firewall.active });
}

function makeParts(
  options: CheckedControllerOptions,
  controllerId: string,
  machinery: Machinery,
): ModelParts {
  const { store, ipam, host, rtnl, reaper, connections, firewall, ports, resolver, cluster } = machinery;
  const ownerOf = (objectId: string) => `${ownerMark(controllerId)}${objectId}`;
  const memory = memoryOf(store, "bridge");
  const bridge = new BridgeDriver(
    {
      host,
      rtnl,
      connections,
      reaper,
      firewall,
      ports,
      memory,
      ownerOf,
    },
    options.drivers.bridge,
  );
  const { runDir, warmNamespaces, hostResolvConf, hostGateways } = options;
  const drivers: readonly Driver[] = [
    bridge,
    ...(cluster === undefined ? [] : [makeOverlay(options, controllerId, { ...machinery, cluster })]),
    new StacklessDriver("host", true),
    new StacklessDriver("null", false),
  ];
  refuseUnknownDrivers(
    Object.keys(options.drivers),
    drivers.map(({ type }) => type),
  );
  const ipv6 = files.existsSync("/proc/sys/net/ipv6");
  const own = cluster === undefined ? ipam : new ClusterIpam(ipam, cluster);
  const ipams = [own, new NullIpam()];
  return {
    store,
    drivers: new Map(drivers.map((driver) => [driver.type, driver])),
    ipams: new Map(ipams.map((ipam) => [ipam.name, ipam])),
    cluster,
    plugins: options.plugins === false ? undefined : makePlugins(options.plugins),
    netstack: new KernelNetStack({
      host,
      hostResolvConf,
      rtnl,
      reaper,
      runDir,
      warmNamespaces,
      ipv6,
      ownerOf,
      user: {
        made: (place) => resolver?.prepare(place),
        released: (place) => resolver?.forget(place),
      },
    }),
    files: new FileSandboxFiles(runDir, { hostResolvConf }),
    resolver,
    balancer: new SandboxBalancer(
      reaper,
      ownerMark(controllerId),
      firewall.active ? { namespace: host, table: `${options.firewallTable}_ingress` } : undefined,
    ),
    hostGateways,
    gatewayNetwork: options.gatewayNetwork === false ? undefined : options.gatewayNetwork,
    firewall,
    directories: [options.stateDir, runDir],
    planRouting,
    ownerOf,
  };
}

function openEncryption(
  { drivers, cluster: settings }: CheckedControllerOptions,
  cluster: HostCluster,
  namespace: NetNamespace,
  opened: AsyncDisposableStack,
): TunnelEncryption {
  const { encryptedPort: port } = parseDriverConfig(drivers.overlay, "drivers.overlay");
  const encryption = opened.use(new TunnelEncryption({ namespace, address: cluster.self.address, port }));
  if (settings !== undefined) cluster.serveKeys(encryption, settings.keyPeriodMs);
  return encryption;
}

function makeOverlay(
  options: CheckedControllerOptions,
  controllerId: string,
  { rtnl, reaper, cluster, encryption, firewall }: Machinery & { readonly cluster: HostCluster },
): OverlayDriver {
  return new OverlayDriver(
    {
      rtnl,
      reaper,
      numbers: cluster.numbers,
      cipher: encryption,
      openFirewall: (namespace) => makeFirewall(options, controllerId, namespace, "segment"),
      firewall,
      self: cluster.self,
      ownerOf: (objectId) => `${ownerMark(controllerId)}${objectId}`,
      namespacePath: (networkId) => networkNamespacePath(options.runDir, networkId),
    },
    options.drivers.overlay,
  );
}

function makePlugins(options: CheckedPluginOptions): Plugins {
  return new FoundPlugins({
    ...options,
    makeDriver: (client: PluginClient) => new RemoteDriver(new RemoteNetworkDriver(client)),
    makeIpam: (client: PluginClient) => new PluginIpam(new RemoteIpam(client)),
  });
}

function refuseUnknownDrivers(configured: readonly string[], known: readonly string[]): void {
  const unknown = configured.find((type) => !known.includes(type));
  if (unknown === undefined) return;
  if (driversOfClusters.includes(unknown)) throw clusterRequiredBySettings(unknown);
  throw invalid(
    "unknown_driver",
    `options.drivers: there is no driver "${unknown}"${suggestionOrAll(unknown, known)}`,
    unknown,
  );
}
