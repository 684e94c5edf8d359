/**
 * A connection to rtnetlink in one namespace: `rtnl.execute(link.create(...), address.add(...))`.
 */
import { NETLINK_ROUTE } from "../netlink/constants.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { isKernelError } from "../sys/errors.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import * as link from "./link.ts";

/** What links can be found by. */
export interface LinkChoice extends link.LinkFilter {
  /** How the alias begins. */
  readonly aliasPrefix?: string;
  readonly group?: number;
}

export class Rtnl extends NetlinkSocket {
  /** @param namespace default: the calling thread's */
  constructor(namespace?: NetNamespace) {
    super(NETLINK_ROUTE, namespace);
  }

  /** The link, or undefined where there is none of that name or index. */
  findLink(selector: link.LinkSelector, place?: link.LinkPlace): link.Link | undefined {
    try {
      return this.query(link.get(selector, place));
    } catch (error) {
      if (isKernelError(error, "ENODEV")) return undefined;
      throw error;
    }
  }

  /** The links that have everything that is asked for, in the order of their indexes. */
  findLinks({ aliasPrefix = "", group, ...filter }: LinkChoice = {}): link.Link[] {
    return this.dump(link.list(filter)).filter(
      ({ alias = "", group: found }) => alias.startsWith(aliasPrefix) && (group ?? found) === found,
    );
  }
}
