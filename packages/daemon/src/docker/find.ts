/**
 * What a request refers to: found as Docker finds it, or refused in its words.
 */
import { CausewayError, invalid, type Network, type NetworkController, notFound } from "@causeway/libnetwork";
import type { ContainerInfo, Containers } from "../containers/contract.ts";

/** @throws network_not_found, ambiguous_id */
export function findNetwork(controller: NetworkController, reference: string): Network {
  const found = unambiguous(
    () => controller.findNetwork(reference),
    () => {
      const count = controller.networks().filter(({ id }) => id.startsWith(reference)).length;
      return `network ${reference} is ambiguous (${count} matches found based on ID prefix)`;
    },
  );
  if (found !== undefined) return found;
  throw notFound("network_not_found", `network ${reference} not found`, reference);
}

/** @throws container_not_found, ambiguous_id */
export function findContainer(containers: Containers, reference: string | undefined): ContainerInfo {
  if (reference === undefined || reference === "")
    throw invalid("invalid_request", 'invalid name or ID supplied: ""');
  const name = reference.startsWith("/") ? reference.slice(1) : reference;
  const found = unambiguous(
    () => containers.find(name),
    () => `multiple IDs found with provided prefix: ${name}`,
  );
  if (found !== undefined) return found;
  throw notFound("container_not_found", `No such container: ${reference}`, reference);
}

function unambiguous<T>(find: () => T, words: () => string): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof CausewayError && error.code === "ambiguous_id")
      throw invalid("ambiguous_id", words(), error.detail);
    throw error;
  }
}

/** The container of each sandbox, by the sandbox's id. */
export function bySandbox(containers: Containers): ReadonlyMap<string, ContainerInfo> {
  const found = new Map<string, ContainerInfo>();
  for (const container of containers.list())
    if (container.sandbox !== undefined) found.set(container.sandbox.id, container);
  return found;
}
