/**
 * A connection to rtnetlink in one namespace: `rtnl.execute(link.create(...), address.add(...))`.
 */
import { NETLINK_ROUTE } from "../netlink/constants.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { isKernelError } from "../sys/errors.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import * as link from "./link.ts";

export class Rtnl extends NetlinkSocket {
  /** @param namespace default: the calling thread's */
  constructor(namespace?: NetNamespace) {
    super(NETLINK_ROUTE, namespace);
  }

  /** The link, or undefined where there is none of that name or index. */
  findLink(selector: link.LinkSelector, options: link.GetOptions = {}): link.Link | undefined {
    try {
      return this.query(link.get(selector, options));
    } catch (error) {
      if (isKernelError(error, "ENODEV")) return undefined;
      throw error;
    }
  }
}
