/**
 * Connection tracking of one namespace: what the kernel remembers of connections, listed and forgotten. No process is
 * spawned.
 *
 * A pass over the table takes 12 ms even with a single connection in it (it has 262,144 buckets), and for each thousand
 * connections 0.3 ms more with one filter, 6 ms with several. The calling thread does nothing else meanwhile:
 * Reaper.forgetConnections() does it in a worker.
 */
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { isKernelError } from "../sys/errors.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { type Connection, count, list, remove } from "./connection.ts";
import { type ConntrackFilter, normalise } from "./filter.ts";
import { ConnectionMatcher } from "./matcher.ts";
import { scopeOf } from "./scope.ts";
import { hasAddresses, readTableText } from "./table-text.ts";

/** So many connections can be read as text at once: a millisecond. */
const few = 200;

export class Conntrack extends NetlinkSocket {
  readonly #namespace: NetNamespace | undefined;

  /** @param namespace default: the calling thread's. {@link Conntrack.mayHave} needs it still open */
  constructor(namespace?: NetNamespace) {
    super(NETLINK_NETFILTER, namespace);
    this.#namespace = namespace;
  }

  /** How many connections are tracked; costs next to nothing. */
  count(): number {
    return this.query(count);
  }

  /**
   * Whether a pass over the table could find what any of the filters means: no is certain, yes is not. Costs next to
   * nothing: only few connections are looked at, by their addresses, and only where the kernel has /proc/net/nf_conntrack.
   */
  mayHave(filters: readonly ConntrackFilter[]): boolean {
    const normal = filters.map(normalise);
    const count = this.count();
    if (count === 0 || count > few) return count > 0;
    const text = this.#namespace === undefined ? readTableText() : this.#namespace.run(readTableText);
    return text === undefined || hasAddresses(text, normal);
  }

  /** The connections that any of the filters means; without filters, all of them. */
  list(...filters: readonly ConntrackFilter[]): Connection[] {
    if (this.count() === 0) return [];
    const normal = filters.map(normalise);
    const matcher = new ConnectionMatcher(normal);
    const wanted = normal.length === 0 ? () => true : (message: Buffer) => matcher.matches(message);
    return this.dump(list(scopeOf(normal), wanted));
  }

  /**
   * Forgets the connections that any of the filters means, in one pass over the table: their next packet is a new
   * connection, with the rules of then.
   *
   * @returns how many there were
   */
  deleteMatching(filters: readonly ConntrackFilter[]): number {
    if (filters.length === 0) return 0;
    const outcomes = this.attempt(this.list(...filters).map(remove));
    const failure = outcomes.find((outcome) => outcome !== undefined && !isKernelError(outcome, "ENOENT"));
    if (failure !== undefined) throw failure;
    return outcomes.filter((outcome) => outcome === undefined).length;
  }
}
