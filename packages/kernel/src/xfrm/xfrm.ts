/**
 * A connection to the kernel's IPsec in one namespace: `xfrm.execute(state.add(...), policy.add(...))`.
 */
import { NETLINK_XFRM } from "../netlink/constants.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import type { NetNamespace } from "../sys/namespace.ts";

export class Xfrm extends NetlinkSocket {
  /**
   * @param namespace default: the calling thread's
   * @throws KernelError EPROTONOSUPPORT where the kernel has no IPsec
   */
  constructor(namespace?: NetNamespace) {
    super(NETLINK_XFRM, namespace);
  }
}
