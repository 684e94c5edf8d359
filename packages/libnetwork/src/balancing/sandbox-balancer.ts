/**
 * Services' addresses in the namespaces of sandboxes: the table that leads connections to members, and what connection tracking
 * remembers of members that are gone.
 */
import {
  areLedPortsSettled,
  type BalancedAddress,
  type BalancingTable,
  Conntrack,
  changeBalancing,
  changeLedPorts,
  files,
  haveLedPorts,
  isBalanced,
  isKernelError,
  type LedPortsTable,
  NetNamespace,
  type Reaper,
  removeBalancing,
  removeLedPorts,
  settleBalancing,
  settleLedPorts,
  writeSysctl,
} from "@causeway/kernel";
import type {
  BalancedService,
  Balancer,
  BalancerChange,
  LedPlace,
  LedPort,
  LedPortsChange,
} from "../contracts/balancing.ts";
import type { NamespacePlace } from "../contracts/netstack.ts";

/** Of nf_tables, in the sandbox. */
const table = "causeway_services";
/** The same of one that leads ports of hosts on. */
const ingressTable = "causeway_ingress";

/** Where ports of the host itself are led on. */
export interface HostPlace {
  /** Undefined: the calling thread's. */
  readonly namespace: NetNamespace | undefined;
  /** Of nf_tables: no other controller's. */
  readonly table: string;
}

export class SandboxBalancer implements Balancer {
  readonly #reaper: Reaper;
  readonly #table: BalancingTable;
  readonly #host: HostPlace | undefined;

  /**
   * @param owner whose the tables are: the mark of the controller
   * @param host undefined: no ports of the host are led on
   */
  constructor(reaper: Reaper, owner: string, host?: HostPlace) {
    this.#reaper = reaper;
    this.#table = { table, owner };
    this.#host = host;
  }

  settleLed(place: LedPlace, all: readonly LedPort[]): void {
    this.#atTable(place, (table) => {
      if (!table.alone && all.length === 0) removeLedPorts(table.table);
      else settle(table, all);
    });
  }

  changeLed(place: LedPlace, change: LedPortsChange, all: readonly LedPort[]): "some" | "all" {
    const done = this.#atTable(place, (table) => {
      try {
        changeLedPorts(table, change);
        return "some";
      } catch (error) {
        if (!isKernelError(error, ...alteredCodes)) throw error;
        settle(table, all);
        return "all";
      }
    });
    return done ?? "some";
  }

  isLed(place: LedPlace, all: readonly LedPort[]): boolean {
    const answer = this.#atTable(place, (table) =>
      !table.alone && all.length === 0 ? !haveLedPorts(table.table) : areLedPortsSettled(table, all),
    );
    return answer ?? true;
  }

  /** Does something about the table of led ports, where it is; undefined where that is gone. */
  #atTable<T>(place: LedPlace, action: (table: LedPortsTable) => T): T | undefined {
    const { owner } = this.#table;
    if (place !== "host") return inside(place, () => action({ table: ingressTable, owner, alone: true }));
    if (this.#host === undefined) return undefined;
    const { namespace, table } = this.#host;
    const act = () => action({ table, owner, alone: false });
    return namespace === undefined ? act() : namespace.run(act);
  }

  settle(place: NamespacePlace, all: readonly BalancedService[]): void {
    inside(place, () => {
      if (all.length === 0) removeBalancing(table);
      else settleBalancing(this.#table, all.map(balanced));
    });
  }

  change(
    place: NamespacePlace,
    { put, remove }: BalancerChange,
    all: () => readonly BalancedService[],
  ): void {
    inside(place, () => {
      try {
        changeBalancing(this.#table, { put: put.map(balanced), remove: remove.map(balanced) });
      } catch (error) {
        if (!isKernelError(error, ...alteredCodes)) throw error;
        settleBalancing(this.#table, all().map(balanced));
      }
    });
  }

  obstacle(place: NamespacePlace, all: readonly BalancedService[]): string | undefined {
    return inside(place, () => {
      if (all.length === 0 || isBalanced(this.#table, all.map(balanced))) return undefined;
      return `its table inet ${table}, which leads services' addresses to their members, is missing or altered`;
    });
  }

  forget(place: NamespacePlace, { address }: BalancedService, gone: readonly string[]): void {
    const filters = gone.map((replySource) => ({ replySource, originalDestination: address }));
    const mayHave = inside(place, (namespace) => {
      using conntrack = new Conntrack(namespace);
      return conntrack.mayHave(filters);
    });
    if (mayHave === true) this.#reaper.later(this.#reaper.forgetConnections(filters, place.path));
  }
}

/** Of a change: somebody has taken something away, or made other things by the same names: a map of another type (EINVAL) or size (ENFILE), say. */
const alteredCodes = ["ENOENT", "EEXIST", "EBUSY", "EOPNOTSUPP", "EINVAL", "ENFILE"] as const;

function settle(table: LedPortsTable, all: readonly LedPort[]): void {
  if (table.alone) for (const key of forwarding) writeIfThere(key);
  settleLedPorts(table, all);
}

/** Kernel documentation: networking/ip-sysctl.rst. */
const forwarding = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"];

/** A kernel without IPv6 has no such setting. */
function writeIfThere(key: string): void {
  if (files.existsSync(`/proc/sys/${key}`)) writeSysctl(key, 1);
}

function balanced({ ports, ...service }: BalancedService): BalancedAddress {
  if (ports === undefined) return service;
  return { ...service, ports: ports.map(({ protocol, port, targetPort: to }) => ({ protocol, port, to })) };
}

/** Does something in a sandbox's namespace; undefined where that is gone. */
function inside<T>(
  { path, identity }: NamespacePlace,
  action: (namespace: NetNamespace) => T,
): T | undefined {
  if (!files.existsSync(path)) return undefined;
  using namespace = NetNamespace.open(path);
  return namespace.identity === identity ? namespace.run(() => action(namespace)) : undefined;
}
