/**
 * Making an interface of a sandbox so again, that somebody took down or whose addresses somebody took away.
 */
import { isKernelError, link, type Rtnl } from "@causeway/kernel";
import type { EndpointInterface } from "../contracts/driver.ts";
import type { InterfaceState } from "../contracts/netstack.ts";
import { addressRequests } from "./interface-maker.ts";

export function mendInterface(inside: Rtnl, { index }: InterfaceState, addresses: EndpointInterface): void {
  // A link without one, as a tun, has none to be set.
  const mac = addresses.mac === "" ? [] : [link.change({ index }, { address: addresses.mac })];
  inside.execute(...mac, link.change({ index }, { up: true }));
  for (const failure of inside.attempt(addressRequests(index, addresses))) {
    if (failure !== undefined && !isKernelError(failure, "EEXIST")) throw failure;
  }
  // Once more: it announces the addresses.
  inside.execute(...mac);
}
