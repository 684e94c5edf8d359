/**
 * Filters of networks, as `docker network ls` has them.
 */
import type { Network } from "@causeway/daemon/api";
import { usageError } from "../../errors.ts";
import { type Filter, hasLabel, yesOrNo } from "../filters.ts";
import { timeOf } from "../options.ts";

export const networkFilters: Readonly<Record<string, Filter<Network>>> = {
  dangling: (network, value) => yesOrNo(value) === isDangling(network),
  driver: ({ driver }, value) => driver === value,
  id: ({ id }, value) => id.startsWith(value),
  label: ({ labels }, value) => hasLabel(labels, value),
  name: ({ name }, value) => name.includes(value),
  scope: ({ scope }, value) => scope === value,
  type: ({ predefined }, value) => {
    if (value !== "custom" && value !== "builtin")
      throw usageError(`type "${value}" is neither custom nor builtin`);
    return predefined === (value === "builtin");
  },
};

/** Of `network prune`. */
export const pruneFilters: Readonly<Record<string, Filter<Network>>> = {
  label: ({ labels }, value) => hasLabel(labels, value),
  "label!": ({ labels }, value) => !hasLabel(labels, value),
  until: ({ created }, value) => Date.parse(created) <= timeOf(value),
};

/** Nobody is in it, no service is waiting for somebody, and somebody made it. */
export function isDangling({ predefined, endpoints, services, configOnly }: Network): boolean {
  return !predefined && endpoints === 0 && services === 0 && !configOnly;
}
