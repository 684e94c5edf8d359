/**
 * An interface for a namespace that is somebody else's: of a container that Docker runs.
 */
import type { NetNamespace, Rtnl } from "@causeway/kernel";
import type { InterfaceRequest } from "../contracts/netstack.ts";
import type { InterfaceMaker } from "./interface-maker.ts";
import { namespaceAt } from "./namespace-place.ts";
import { clearName } from "./pair.ts";

export interface HostParts {
  readonly host: NetNamespace;
  /** A connection to rtnetlink there. */
  readonly rtnl: Rtnl;
  readonly maker: InterfaceMaker;
}

/**
 * Puts an interface into the namespace that a path shows, and into no other: the host's own is nobody's sandbox. What was left under the name
 * of its end on the host goes first.
 *
 * @returns false where there is no such namespace, or not yet
 * @throws interface_name_in_use, link_name_in_use, KernelError
 */
export function putInside(
  { host, rtnl, maker }: HostParts,
  path: string,
  request: Omit<InterfaceRequest, "namespace">,
): boolean {
  using namespace = namespaceAt(path);
  if (namespace === undefined || namespace.identity === host.identity) return false;
  const { identity } = namespace;
  const { plan } = request.interface;
  if (plan.kind === "veth") clearName(rtnl, plan.hostName, request.owner);
  maker.make(namespace, { ...request, namespace: { path, identity } });
  return true;
}
