/**
 * Links that carry our mark, on the host and in a network's own namespace.
 */
import { NetNamespace, Rtnl } from "@causeway/kernel";
import type { MarkedLink } from "../contracts/netstack.ts";
import { showsNamespace } from "./namespace-place.ts";

/** @param mark what the aliases of all our links begin with */
export function markedLinks(rtnl: Rtnl, mark: string): readonly MarkedLink[] {
  return rtnl
    .findLinks({ aliasPrefix: mark })
    .map(({ index, name, alias = "" }) => ({ index, name, objectId: alias.slice(mark.length) }));
}

/** None where the path shows no namespace, or no longer. */
export function markedLinksInside(path: string, mark: string): readonly MarkedLink[] {
  if (!showsNamespace(path)) return [];
  using namespace = NetNamespace.open(path);
  using rtnl = new Rtnl(namespace);
  return markedLinks(rtnl, mark).map((found) => ({ ...found, inside: path }));
}
