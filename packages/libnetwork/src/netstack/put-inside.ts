/**
 * An interface for a namespace that is somebody else's: of a container that Docker runs.
 */
import type { NetNamespace } from "@causeway/kernel";
import type { InterfaceRequest } from "../contracts/netstack.ts";
import type { InterfaceMaker } from "./interface-maker.ts";
import { namespaceAt } from "./namespace-place.ts";

/**
 * Puts an interface into the namespace that a path shows, and into no other: the host's own is nobody's sandbox.
 *
 * @returns false where there is no such namespace, or not yet
 * @throws interface_name_in_use, KernelError
 */
export function putInside(
  maker: InterfaceMaker,
  host: NetNamespace,
  path: string,
  request: Omit<InterfaceRequest, "namespace">,
): boolean {
  using namespace = namespaceAt(path);
  if (namespace === undefined || namespace.identity === host.identity) return false;
  const { identity } = namespace;
  maker.make(namespace, { ...request, namespace: { path, identity } });
  return true;
}
