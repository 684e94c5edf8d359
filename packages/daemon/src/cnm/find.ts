/**
 * The objects that a path or a body names: by id, by name, or by the beginning of an id that only one of them has.
 */
import {
  type CausewayError,
  conflict,
  type Endpoint,
  type Network,
  type NetworkController,
  notFound,
  type Sandbox,
  type Service,
  suggestion,
} from "@causeway/libnetwork";
import type { CnmContext } from "./context.ts";

/** @throws network_not_found, ambiguous_id */
export function networkNamed(controller: NetworkController, reference: string): Network {
  const found = controller.findNetwork(reference);
  if (found !== undefined) return found;
  throw missing("network", reference, () => controller.networks());
}

/** @throws endpoint_not_found, ambiguous_id */
export function endpointNamed(network: Network, reference: string): Endpoint {
  const found = network.findEndpoint(reference);
  if (found !== undefined) return found;
  throw missing("endpoint", reference, () => network.endpoints(), `in network "${network.name}" `);
}

/** @throws service_not_found, ambiguous_id */
export function serviceNamed(network: Network, reference: string): Service {
  const found = network.findService(reference);
  if (found !== undefined) return found;
  throw missing("service", reference, () => network.services(), `in network "${network.name}" `);
}

/** @throws endpoint_not_found, ambiguous_id */
export function endpointWithId(controller: NetworkController, id: string): Endpoint {
  return withId("endpoint", allEndpoints(controller), id);
}

/** @throws service_not_found, ambiguous_id */
export function serviceWithId(controller: NetworkController, id: string): Service {
  return withId("service", allServices(controller), id);
}

/** By its id alone, whole or its beginning: names are a network's own. */
function withId<T extends { readonly id: string }>(kind: string, all: readonly T[], id: string): T {
  const [found, other] = all.filter((one) => id !== "" && one.id.startsWith(id));
  if (found === undefined) throw missing(kind, id, () => []);
  if (other === undefined) return found;
  const message = `"${id}" is the beginning of several ids: give more of it`;
  throw conflict("ambiguous_id", message, { ids: [found.id, other.id] });
}

/**
 * By its container's name, too: people know it by that.
 *
 * @throws sandbox_not_found, ambiguous_id
 */
export function sandboxNamed(
  { controller, containers }: Pick<CnmContext, "controller" | "containers">,
  reference: string,
): Sandbox {
  const found = controller.findSandbox(reference) ?? containers.find(reference)?.sandbox;
  if (found !== undefined) return found;
  throw missing("sandbox", reference, () => controller.sandboxes());
}

export function allEndpoints(controller: NetworkController): Endpoint[] {
  return controller.networks().flatMap((network) => network.endpoints());
}

export function allServices(controller: NetworkController): Service[] {
  return controller.networks().flatMap((network) => network.services());
}

/** Names are compared with what was asked for only so far: with thousands it takes long. */
const mostCompared = 1000;

function missing(
  kind: string,
  reference: string,
  others: () => readonly { readonly name: string }[],
  where = "",
): CausewayError {
  const names = others()
    .slice(0, mostCompared)
    .map(({ name }) => name);
  const near = reference.length > 256 ? "" : suggestion(reference, names);
  return notFound(`${kind}_not_found`, `there is ${where}no ${kind} "${reference}"${near}`, reference);
}
