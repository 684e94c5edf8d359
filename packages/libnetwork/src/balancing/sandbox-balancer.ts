/**
 * Services' addresses in the namespaces of sandboxes: the table that leads connections to members, and what connection tracking
 * remembers of members that are gone.
 */
import {
  type BalancedAddress,
  type BalancingTable,
  Conntrack,
  changeBalancing,
  files,
  isBalanced,
  isKernelError,
  ledPortsListing,
  NetNamespace,
  NftContext,
  type Reaper,
  removeBalancing,
  removeLedPorts,
  settleBalancing,
  settleLedPorts,
  writeSysctl,
} from "@causeway/kernel";
import type { BalancedService, Balancer, BalancerChange, LedPort } from "../contracts/balancing.ts";
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
  /** Tables of led ports as they were made, by the path of the namespace; the host's by "". */
  readonly #made = new Map<string, string | undefined>();

  /**
   * @param owner whose the tables are: the mark of the controller
   * @param host undefined: no ports of the host are led on
   */
  constructor(reaper: Reaper, owner: string, host?: HostPlace) {
    this.#reaper = reaper;
    this.#table = { table, owner };
    this.#host = host;
  }

  forward(place: NamespacePlace, ports: readonly LedPort[]): void {
    inside(place, (namespace) => {
      for (const key of forwarding) writeIfThere(key);
      withNft(namespace, (nft) => {
        settleLedPorts(nft, { table: ingressTable, owner: this.#table.owner, alone: true }, ports);
        this.#made.set(place.path, ledPortsListing(nft, ingressTable));
      });
    });
  }

  publish(ports: readonly LedPort[]): void {
    if (this.#host === undefined) return;
    const { namespace, table } = this.#host;
    const led = ports.filter(({ targets }) => targets.length > 0);
    // Most hosts have members of few services, and hear of all of them.
    if (led.length === 0 && this.#made.has("") && this.#made.get("") === undefined) return;
    withNft(namespace, (nft) => {
      if (led.length === 0) removeLedPorts(nft, table);
      else settleLedPorts(nft, { table, owner: this.#table.owner, alone: false }, led);
      this.#made.set("", led.length === 0 ? undefined : ledPortsListing(nft, table));
    });
  }

  leadsAsTold(place: NamespacePlace | undefined): boolean {
    const path = place?.path ?? "";
    if (!this.#made.has(path)) return true;
    const listing = place === undefined ? this.#hostListing() : inside(place, sandboxListing);
    return listing === this.#made.get(path);
  }

  #hostListing(): string | undefined {
    if (this.#host === undefined) return undefined;
    using nft = new NftContext(this.#host.namespace);
    return ledPortsListing(nft, this.#host.table);
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
        // Somebody in the sandbox has flushed the rules, or made others by the same names.
        if (!isKernelError(error, "ENOENT", "EEXIST", "EBUSY", "EOPNOTSUPP")) throw error;
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

/** A table is made anew, which deletes what it was: to close the context after that takes the kernel its time. */
function withNft(namespace: NetNamespace | undefined, action: (nft: NftContext) => void): void {
  const nft = new NftContext(namespace);
  try {
    action(nft);
  } finally {
    void nft.closeAside();
  }
}

function sandboxListing(namespace: NetNamespace): string | undefined {
  using nft = new NftContext(namespace);
  return ledPortsListing(nft, ingressTable);
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
