/**
 * Links that carry our mark, on the host and in a network's own namespace.
 */
import { findNamespace, Rtnl } from "@causeway/kernel";
import type { MarkedLink } from "../contracts/netstack.ts";

/** @param mark what the aliases of all our links begin with */
export function markedLinks(rtnl: Rtnl, mark: string): readonly MarkedLink[] {
  return rtnl
    .findLinks({ aliasPrefix: mark })
    .map(({ index, name, alias = "" }) => ({ index, name, objectId: alias.slice(mark.length) }));
}

/** None where the path shows no namespace, or no longer. */
export function markedLinksInside(path: string, mark: string): readonly MarkedLink[] {
  // The reaper may be about to let go of it.
  using namespace = findNamespace(path);
  if (namespace === undefined) return [];
  using rtnl = new Rtnl(namespace);
  return markedLinks(rtnl, mark).map((found) => ({ ...found, inside: path }));
}
