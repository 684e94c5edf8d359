/**
 * What is a container's own: its sandbox, and the labels by which the daemon knows that.
 */
import { conflict, invalid, type Sandbox } from "@causeway/libnetwork";
import { type Containers, containerLabel } from "../containers/contract.ts";

/**
 * A sandbox with such a label would be taken for a container's, and swept at the next start.
 *
 * @throws reserved_label
 */
export function refuseReservedLabels({ labels = {} }: { labels?: Readonly<Record<string, string>> }): void {
  for (const name of Object.keys(labels)) {
    if (name !== containerLabel && !name.startsWith(`${containerLabel}.`)) continue;
    const message = `labels: ${name} is the daemon's own, which knows containers by it: choose another name`;
    throw invalid("reserved_label", message, name);
  }
}

/**
 * The sandbox of a container that we started goes by the container's id for as long as it lives.
 *
 * @param verb what is asked for
 * @throws sandbox_of_container
 */
export function refuseContainersSandbox(containers: Containers, sandbox: Sandbox, verb: string): void {
  const container = containers.find(sandbox.containerId);
  if (container === undefined || container.kind === "foreign") return;
  const message = `${verb}: the sandbox is that of container ${container.name}: deal with the container instead`;
  throw conflict("sandbox_of_container", message, sandbox.id);
}
