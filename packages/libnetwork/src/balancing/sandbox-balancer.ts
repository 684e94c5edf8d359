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
  NetNamespace,
  type Reaper,
  removeBalancing,
  settleBalancing,
} from "@causeway/kernel";
import type { BalancedService, Balancer, BalancerChange } from "../contracts/balancing.ts";
import type { NamespacePlace } from "../contracts/netstack.ts";

/** Of nf_tables, in the sandbox. */
const table = "causeway_services";

export class SandboxBalancer implements Balancer {
  readonly #reaper: Reaper;
  readonly #table: BalancingTable;

  /** @param owner whose the table is: the mark of the controller */
  constructor(reaper: Reaper, owner: string) {
    this.#reaper = reaper;
    this.#table = { table, owner };
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
