/**
 * NetworkController: the model with the rooms behind it. The only file that names concrete classes.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  Conntrack,
  connectionTracking,
  linkKind,
  NetNamespace,
  nftables,
  nftablesNat,
  Reaper,
  Rtnl,
  requireFeatures,
  requirePrivileges,
} from "@causeway/kernel";
import type { ConnectionTable } from "./contracts/connections.ts";
import type { Driver, DriverMemory } from "./contracts/driver.ts";
import type { Firewall } from "./contracts/firewall.ts";
import type { HostWatch } from "./contracts/host-watch.ts";
import type { NetStack } from "./contracts/netstack.ts";
import type { PortReservations } from "./contracts/ports.ts";
import { Controller } from "./controller.ts";
import { FileSandboxFiles } from "./dns/file-sandbox-files.ts";
import { BridgeDriver } from "./drivers/bridge/driver.ts";
import { StacklessDriver } from "./drivers/stackless-driver.ts";
import { CausewayError, invalid } from "./errors.ts";
import { NftablesFirewall } from "./firewall/nftables-firewall.ts";
import { NoFirewall } from "./firewall/none.ts";
import { DefaultIpam } from "./ipam/default-ipam.ts";
import { NullIpam } from "./ipam/null-ipam.ts";
import {
  type CheckedControllerOptions,
  type ControllerOptions,
  checkedControllerOptions,
} from "./model/controller-options.ts";
import type { Engine, ModelParts } from "./model/engine.ts";
import { ensureNetworks } from "./model/predefined.ts";
import type { RestoreProblem } from "./model/restore.ts";
import { sweep } from "./model/sweep.ts";
import { KernelNetStack } from "./netstack/netstack.ts";
import { planRouting } from "./netstack/routing.ts";
import { claimRunDirectory } from "./netstack/run-directory.ts";
import { TrackedConnections } from "./netstack/tracked-connections.ts";
import { suggestionOrAll } from "./options/nearest.ts";
import { PortAllocator } from "./ports/port-allocator.ts";
import { SqliteStore } from "./store/sqlite-store.ts";
import { KernelHostWatch } from "./watch/host-watch.ts";

/** What a controller holds besides the model's parts. */
interface Machinery {
  readonly host: NetNamespace;
  readonly rtnl: Rtnl;
  readonly reaper: Reaper;
  readonly connections: ConnectionTable;
  readonly firewall: Firewall;
  readonly ports: PortReservations;
}

export class NetworkController extends Controller {
  readonly #firewall: Firewall;
  readonly #netstack: NetStack;
  /** All that was opened, to be closed in reverse. */
  readonly #opened: AsyncDisposableStack;

  private constructor(
    engine: Engine,
    problems: readonly RestoreProblem[],
    firewall: Firewall,
    opened: AsyncDisposableStack,
  ) {
    super(engine, problems);
    this.#firewall = firewall;
    this.#netstack = engine.parts.netstack;
    this.#opened = opened;
  }

  /**
   * Opens the controller of a state directory, and takes up the networks, endpoints and sandboxes that are stored there.
   *
   * @throws CausewayError state_dir_locked (another controller has the directory), store_corrupt, store_too_new,
   * run_dir_taken, run_dir_unusable, firewall_table_taken, unknown_driver, unknown_option, invalid_option ...
   * @throws UnsupportedFeatureError where the machine lacks something: it says what, and the mend
   */
  static async open(options: ControllerOptions): Promise<NetworkController> {
    const checked = checkedControllerOptions(options);
    requireMachine(checked);
    await using opened = new AsyncDisposableStack();
    const store = opened.adopt(SqliteStore.open(checked.stateDir), (made) => made.close());
    const controllerId = ownId(store);
    claimRunDirectory(checked.runDir, controllerId);
    const host = opened.use(openHost(checked.hostNamespace));
    const rtnl = opened.use(new Rtnl(host));
    const reaper = opened.use(new Reaper(host));
    const conntrack = opened.use(new Conntrack(host));
    const connections = opened.adopt(new TrackedConnections(conntrack, reaper), (made) => made.close());
    const firewall = opened.adopt(makeFirewall(checked, controllerId, host), (made) => made.close());
    const ports = opened.adopt(new PortAllocator(host), (made) => made.close());
    const machinery = { host, rtnl, reaper, connections, firewall, ports };
    const parts = makeParts(checked, store, controllerId, machinery);
    opened.defer(() => parts.netstack.close());
    firewall.checkTables();
    const { engine, problems } = await Controller.restored(parts);
    firewall.install();
    for (const driver of parts.drivers.values()) await driver.restored?.();
    sweep(engine, problems);
    const controller = new NetworkController(engine, problems, firewall, opened.move());
    try {
      await ensureNetworks(engine, checked.defaultNetwork);
      if (checked.selfHeal) controller.startHealing(makeWatch(checked, ownerMark(controllerId), machinery));
      return controller;
    } catch (error) {
      await controller.close();
      throw error;
    }
  }

  protected override uninstallParts(): void {
    this.#firewall.uninstall();
    if (!this.sandboxes().some(({ usesHostNetwork }) => usesHostNetwork)) this.#netstack.uninstall();
  }

  protected override closeParts(): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

/** Says at once what the machine lacks, rather than in the middle of the first network. */
function requireMachine({ firewall }: CheckedControllerOptions): void {
  requirePrivileges();
  requireFeatures(linkKind("bridge"), linkKind("veth"), connectionTracking);
  if (firewall === "nftables") requireFeatures(nftables, nftablesNat);
}

/** The controller's id: 12 hexadecimal digits, made with the store. It marks what is ours in the kernel. */
function ownId(store: SqliteStore): string {
  const stored = store.get("controller", "id")?.value;
  if (typeof stored === "string") return stored;
  const id = randomBytes(6).toString("hex");
  store.commit([{ op: "put", kind: "controller", id: "id", value: id }]);
  return id;
}

function openHost(path: string | undefined): NetNamespace {
  if (path === undefined) return NetNamespace.current();
  try {
    using namespace = NetNamespace.open(path);
    namespace.run(() => undefined);
    return namespace.duplicate();
  } catch (error) {
    const message = `options.hostNamespace: there is no network namespace at ${path}`;
    throw new CausewayError("not_found", "namespace_not_found", message, { cause: error, detail: path });
  }
}

function makeFirewall(
  options: CheckedControllerOptions,
  controllerId: string,
  namespace: NetNamespace,
): Firewall {
  if (options.firewall === "none") return new NoFirewall();
  return new NftablesFirewall({ controllerId, table: options.firewallTable, namespace });
}

function memoryOf(store: SqliteStore, driver: string): DriverMemory {
  return {
    read: () => store.get("driver", driver)?.value,
    write: (value) => store.commit([{ op: "put", kind: "driver", id: driver, value }]),
  };
}

/** What the aliases of a controller's links begin with. */
const ownerMark = (controllerId: string) => `causeway:${controllerId}:`;

function makeWatch({ runDir }: CheckedControllerOptions, mark: string, machinery: Machinery): HostWatch {
  const { host, rtnl, firewall } = machinery;
  return new KernelHostWatch({ host, rtnl, runDir, mark, filtered: firewall.active });
}

function makeParts(
  options: CheckedControllerOptions,
  store: SqliteStore,
  controllerId: string,
  machinery: Machinery,
): ModelParts {
  const { host, rtnl, reaper, connections, firewall, ports } = machinery;
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
  const drivers: readonly Driver[] = [
    bridge,
    new StacklessDriver("host", true),
    new StacklessDriver("null", false),
  ];
  refuseUnknownDrivers(
    Object.keys(options.drivers),
    drivers.map(({ type }) => type),
  );
  const { runDir, warmNamespaces } = options;
  const ipv6 = existsSync("/proc/sys/net/ipv6");
  const local = options.defaultAddressPools;
  const ipams = [new DefaultIpam({ seed: controllerId, defaultPools: { local } }), new NullIpam()];
  return {
    store,
    drivers: new Map(drivers.map((driver) => [driver.type, driver])),
    ipams: new Map(ipams.map((ipam) => [ipam.name, ipam])),
    netstack: new KernelNetStack({ host, rtnl, reaper, runDir, warmNamespaces, ipv6, ownerOf }),
    files: new FileSandboxFiles(runDir),
    firewall,
    directories: [options.stateDir, runDir],
    planRouting,
    ownerOf,
  };
}

function refuseUnknownDrivers(configured: readonly string[], known: readonly string[]): void {
  const unknown = configured.find((type) => !known.includes(type));
  if (unknown === undefined) return;
  throw invalid(
    "unknown_driver",
    `options.drivers: there is no driver "${unknown}"${suggestionOrAll(unknown, known)}`,
    unknown,
  );
}
