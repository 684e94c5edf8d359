/**
 * What a change is about, by the reference in its path.
 */
import type { Endpoint, Network, NetworkController, Sandbox, Service } from "@causeway/libnetwork";
import type { ContainerInfo, Containers } from "../containers/contract.ts";
import type { Subject } from "./changes.ts";
import { containerResource } from "./container-resource.ts";
import type { CnmContext } from "./context.ts";
import { endpointResource } from "./endpoint-resource.ts";
import {
  endpointNamed,
  endpointWithId,
  networkNamed,
  sandboxNamed,
  serviceNamed,
  serviceWithId,
} from "./find.ts";
import { recordsResource } from "./name-resource.ts";
import { networkResource } from "./network-resource.ts";
import { sandboxResource } from "./sandbox-resource.ts";
import { serviceResource } from "./service-resource.ts";

export function networkSubject(controller: NetworkController, reference: string): Subject<Network> {
  return {
    find: () => networkNamed(controller, reference),
    resource: networkResource,
    keys: ({ id }) => [id],
  };
}

/** The network's DNS records: what they were is held against `If-Match`. */
export function recordsSubject(controller: NetworkController, reference: string): Subject<Network> {
  return { ...networkSubject(controller, reference), resource: recordsResource };
}

/** @param network where it is named below its network; without, `reference` is an id */
export function endpointSubject(
  controller: NetworkController,
  reference: string,
  network?: string,
): Subject<Endpoint> {
  const find = () =>
    network === undefined
      ? endpointWithId(controller, reference)
      : endpointNamed(networkNamed(controller, network), reference);
  return { find, resource: endpointResource, keys: endpointKeys };
}

/** @param network where it is named below its network; without, `reference` is an id */
export function serviceSubject(
  controller: NetworkController,
  reference: string,
  network?: string,
): Subject<Service> {
  const find = () =>
    network === undefined
      ? serviceWithId(controller, reference)
      : serviceNamed(networkNamed(controller, network), reference);
  return { find, resource: serviceResource, keys: ({ id, network: its }) => [id, its.id] };
}

/** A network tells how many endpoints it has, a sandbox which. */
function endpointKeys({ id, network, sandbox }: Endpoint): string[] {
  return [id, network.id, ...(sandbox === undefined ? [] : [sandbox.id])];
}

export function sandboxSubject(
  context: Pick<CnmContext, "controller" | "containers">,
  reference: string,
): Subject<Sandbox> {
  return {
    find: () => sandboxNamed(context, reference),
    resource: sandboxResource,
    keys: (sandbox) => [sandbox.id, ...sandbox.endpoints().flatMap(endpointKeys)],
  };
}

export function containerSubject(containers: Containers, reference: string): Subject<ContainerInfo> {
  return {
    find: () => containers.get(reference),
    resource: containerResource,
    keys: ({ id, sandbox }) => [id, ...(sandbox === undefined ? [] : [sandbox.id])],
  };
}
