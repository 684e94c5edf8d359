/**
 * What begins with every state directory that is opened, by a controller or for a plugin: whose it is, which host it is about.
 */
import { randomBytes } from "node:crypto";
import {
  Conntrack,
  connectionTracking,
  keepReserve,
  linkKind,
  NetNamespace,
  nftables,
  nftablesNat,
  Reaper,
  Rtnl,
  requireDescriptors,
  requireFeatures,
  requirePrivileges,
  tryLockName,
} from "@causeway/kernel";
import { HostCluster } from "./cluster/host-cluster.ts";
import type { ConnectionTable } from "./contracts/connections.ts";
import type { DriverMemory } from "./contracts/driver.ts";
import type { Firewall } from "./contracts/firewall.ts";
import type { PortReservations } from "./contracts/ports.ts";
import { CausewayError, conflict } from "./errors.ts";
import { NftablesFirewall } from "./firewall/nftables-firewall.ts";
import { NoFirewall } from "./firewall/none.ts";
import type { CheckedClusterOptions, CheckedControllerOptions } from "./model/controller-options.ts";
import { advertisedAddress } from "./netstack/advertised-address.ts";
import { TrackedConnections } from "./netstack/tracked-connections.ts";
import { PortAllocator } from "./ports/port-allocator.ts";
import { EtcdStore } from "./store/etcd/etcd-store.ts";
import { checkClusterOptions } from "./store/etcd/options.ts";
import { SqliteStore } from "./store/sqlite-store.ts";

/** What is opened at the same time, warm namespaces and published ports not counted. SQLite does not say that it wanted one. */
const descriptorsToOpen = 24;

/** What drivers stand on: the store, the host's kernel, and what keeps account of it. */
export interface Ground {
  readonly store: SqliteStore;
  readonly controllerId: string;
  readonly host: NetNamespace;
  readonly rtnl: Rtnl;
  readonly reaper: Reaper;
  readonly connections: ConnectionTable;
  readonly firewall: Firewall;
  readonly ports: PortReservations;
}

/**
 * @param opened closes it all, in reverse
 * @param endpointName what the endpoint of a taken port is called in an error
 * @throws state_dir_locked, controller_running, store_corrupt, namespace_not_found ...; UnsupportedFeatureError
 */
export function openGround(
  options: CheckedControllerOptions,
  opened: AsyncDisposableStack,
  endpointName: (id: string) => string | undefined,
): Ground {
  keepReserve();
  requireDescriptors(descriptorsToOpen);
  requireMachine(options);
  const store = opened.adopt(SqliteStore.open(options.stateDir), (made) => made.close());
  const controllerId = ownId(store);
  opened.use(claimIdentity(controllerId));
  const host = opened.use(openHost(options.hostNamespace));
  const rtnl = opened.use(new Rtnl(host));
  const reaper = opened.use(new Reaper(host));
  const conntrack = opened.use(new Conntrack(host));
  const connections = opened.adopt(new TrackedConnections(conntrack, reaper), (made) => made.close());
  const firewall = opened.adopt(makeFirewall(options, controllerId, host), (made) => made.close());
  const ports = opened.adopt(new PortAllocator(host, { endpointName }), (made) => made.close());
  return { store, controllerId, host, rtnl, reaper, connections, firewall, ports };
}

/** The controller's id: 12 hexadecimal digits, made with the store. It marks what is ours in the kernel. */
function ownId(store: SqliteStore): string {
  const stored = store.get("controller", "id")?.value;
  if (typeof stored === "string") return stored;
  const id = randomBytes(6).toString("hex");
  store.commit([{ op: "put", kind: "controller", id: "id", value: id }]);
  return id;
}

/**
 * A copy of a state directory (a backup put elsewhere, a disk image) is the same controller a second time: both at once would take each
 * other's sandboxes and tables for their own.
 *
 * @throws controller_running
 */
function claimIdentity(controllerId: string): Disposable {
  const held = tryLockName(`causeway controller ${controllerId}`);
  if (held !== undefined) return held;
  throw conflict(
    "controller_running",
    `controller ${controllerId} runs already, from another copy of this state directory: close that one first, or begin with an empty state directory`,
    controllerId,
  );
}

/** What the aliases of a controller's links begin with. */
export const ownerMark = (controllerId: string) => `causeway:${controllerId}:`;

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

export function memoryOf(store: SqliteStore, driver: string): DriverMemory {
  return {
    read: () => store.get("driver", driver)?.value,
    write: (value) => store.commit([{ op: "put", kind: "driver", id: driver, value }]),
  };
}

/** Says at once what the machine lacks, rather than in the middle of the first network. */
function requireMachine({ firewall }: CheckedControllerOptions): void {
  requirePrivileges();
  requireFeatures(linkKind("bridge"), linkKind("veth"), connectionTracking);
  if (firewall === "nftables") requireFeatures(nftables, nftablesNat);
}

/**
 * This host among others.
 *
 * @param opened closes it
 * @throws advertise_not_found, invalid_option, cluster_file_unusable
 */
export async function openCluster(
  { store: given, etcd, name, advertise, lifetimes, defaultPools }: CheckedClusterOptions,
  { controllerId, rtnl }: Ground,
  opened: AsyncDisposableStack,
): Promise<HostCluster> {
  const self = { id: controllerId, name, address: advertisedAddress(rtnl, advertise) };
  const store = given ?? opened.adopt(await openEtcd(etcd), (made) => made.close());
  return opened.adopt(new HostCluster(store, { self, lifetimes, defaultPools }), (made) => made.close());
}

function openEtcd(etcd: CheckedClusterOptions["etcd"]): Promise<EtcdStore> {
  return EtcdStore.open(checkClusterOptions(etcd, "options.cluster"));
}

export function makeFirewall(
  options: CheckedControllerOptions,
  controllerId: string,
  namespace: NetNamespace,
  place: "host" | "segment" = "host",
): Firewall {
  if (options.firewall === "none") return new NoFirewall();
  return new NftablesFirewall({ controllerId, table: options.firewallTable, namespace, place });
}
