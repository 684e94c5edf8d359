/**
 * The filters of Docker's list of containers.
 */
import { invalid } from "@causeway/libnetwork";
import type { ContainerInfo, Containers } from "../containers/contract.ts";
import { imageOf } from "./container-view.ts";
import { endpointsOf } from "./endpoint-view.ts";
import type { Filters } from "./filters.ts";
import { findContainer } from "./find.ts";
import { portsOf } from "./port-view.ts";

export const containerFilters = [
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
];

const statuses = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];

/**
 * @param all those that do not run too; asking for a status means it as well
 * @throws invalid_filter; container_not_found for `before` and `since`
 */
export function containerFilter(
  filters: Filters,
  containers: Containers,
  all: boolean,
): (container: ContainerInfo) => boolean {
  const strange = filters.values("status").find((status) => !statuses.includes(status));
  if (strange !== undefined) throw invalid("invalid_filter", `Invalid filter 'status=${strange}'`, strange);
  const time = (field: string) =>
    filters.values(field).map((reference) => findContainer(containers, reference).created.getTime());
  const before = Math.min(...time("before"));
  const since = Math.max(...time("since"));
  const isTask = filters.boolean("is-task") ?? false;
  const everyState = all || filters.has("status") || filters.has("exited");
  const exited = filters.values("exited").map(Number);
  return (container) => {
    const { id, name, labels, state, exitCode, created } = container;
    const networks = endpointsOf(container).map(({ network }) => network);
    return (
      (everyState || state === "running") &&
      filters.matches("id", id) &&
      filters.matches("name", name, `/${name}`) &&
      filters.hasLabels("label", labels) &&
      filters.isExactly("status", state) &&
      filters.isExactly("network", ...networks.flatMap((one) => [one.id, one.name])) &&
      (exited.length === 0 || (state === "exited" && exited.includes(exitCode ?? 0))) &&
      created.getTime() < before &&
      created.getTime() > since &&
      filters.isExactly("ancestor", imageOf(container)) &&
      filters.isExactly("health", "none") &&
      filters.isExactly("isolation", "", "default") &&
      isPublished(container, filters) &&
      !filters.has("volume") &&
      !isTask
    );
  };
}

/** `80`, `80/tcp`, `8000-8080/udp`: `publish` by host ports, `expose` by the container's. */
function isPublished(container: ContainerInfo, filters: Filters): boolean {
  const ports = endpointsOf(container).flatMap(portsOf);
  const is = (field: string, numberOf: (port: (typeof ports)[number]) => number | undefined) =>
    !filters.has(field) ||
    filters.values(field).some((value) => {
      const [range = "", type = "tcp"] = value.split("/");
      const [from = Number.NaN, to = from] = range.split("-").map(Number);
      return ports.some((port) => {
        const number = numberOf(port) ?? -1;
        return port.Type === type && number >= from && number <= to;
      });
    });
  return is("publish", ({ PublicPort }) => PublicPort) && is("expose", ({ PrivatePort }) => PrivatePort);
}
