/**
 * The filters of Docker's list of networks, and of what `prune` takes away.
 */
import { invalid, type Network } from "@causeway/libnetwork";
import type { Filters } from "./filters.ts";
import { momentOf } from "./go-time.ts";
import { networkSummary } from "./network-view.ts";

export const networkFilters = ["dangling", "driver", "id", "label", "name", "scope", "type", "idOrName"];
export const pruneFilters = ["until", "label", "label!"];

/** @throws invalid_filter */
export function networkFilter(filters: Filters): (network: Network) => boolean {
  const dangling = filters.boolean("dangling");
  const types = filters.values("type");
  for (const type of types) {
    if (type === "custom" || type === "builtin") continue;
    throw invalid("invalid_filter", `invalid filter: 'type'='${type}'`, type);
  }
  return (network) => {
    const { id, name, labels, predefined } = network;
    const { Driver, Scope } = networkSummary(network);
    return (
      filters.isExactly("driver", Driver) &&
      filters.matches("name", name) &&
      filters.matches("id", id) &&
      filters.hasLabels("label", labels) &&
      filters.isExactly("scope", Scope) &&
      filters.isExactly("type", predefined ? "builtin" : "custom") &&
      (!filters.has("idOrName") || filters.isExactly("idOrName", name) || filters.begins("idOrName", id)) &&
      (dangling === undefined || dangling === (!predefined && network.endpoints().length === 0))
    );
  };
}

/** Those that nobody is in, as old and labelled as asked. @throws invalid_filter */
export function pruneFilter(filters: Filters): (network: Network) => boolean {
  const [until, ...more] = filters.values("until").map(momentOf);
  if (more.length > 0) throw invalid("invalid_filter", "more than one until filter specified");
  return (network) => {
    const { predefined, created, labels } = network;
    if (predefined || network.endpoints().length > 0) return false;
    if (until !== undefined && created.getTime() > until) return false;
    const excluded = filters.has("label!") && filters.hasLabels("label!", labels);
    return filters.hasLabels("label", labels) && !excluded;
  };
}
