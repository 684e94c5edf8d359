/**
 * The interfaces of a namespace as the kernel has them: links, addresses and default routes, put together.
 */
import { address, type DumpOptions, link, type Rtnl, route } from "@causeway/kernel";
import type { LiveInterface } from "../contracts/netstack.ts";

/** @param limits how many links, addresses and routes are read; more than that throws KernelError E2BIG. Default: all */
export function liveInterfaces(rtnl: Rtnl, limits: DumpOptions = {}): readonly LiveInterface[] {
  const links = rtnl.dump(link.list(), limits).filter((found) => !link.isLoopback(found));
  if (links.length === 0) return [];
  const addressesOf = Map.groupBy(rtnl.dump(address.list(), limits), ({ link: index }) => index);
  const gateways = defaultGateways(rtnl, limits);
  return links.map((found) => ({
    name: found.name,
    index: found.index,
    kind: found.info?.kind,
    up: link.isUp(found),
    mac: found.address,
    mtu: found.mtu,
    addresses: (addressesOf.get(found.index) ?? []).map((item) => `${item.address}/${item.prefixLength}`),
    gateways: gateways.filter(({ index }) => index === found.index).map(({ gateway }) => gateway),
    master: found.master,
    parent: found.parentIndex,
    owner: found.alias,
  }));
}

function defaultGateways(
  rtnl: Rtnl,
  limits: DumpOptions,
): readonly { readonly index: number; readonly gateway: string }[] {
  const gateways: { index: number; gateway: string }[] = [];
  for (const found of rtnl.dump(route.list({ table: route.mainTable }), limits)) {
    if (found.destination !== "default" || found.type !== "unicast") continue;
    for (const { gateway = "on-link", link: index } of found.nextHops.length > 0 ? found.nextHops : [found]) {
      if (index !== undefined) gateways.push({ index, gateway });
    }
  }
  return gateways;
}
