/**
 * EndpointLinks: the links of endpoints from their making to their end, as dockerd takes one of each pair away and brings it back.
 */
import { link, type Rtnl } from "@causeway/kernel";
import type { EndpointSpec, JoinAnswer } from "../contracts/driver.ts";
import type { InterfaceRequest, PairRequest } from "../contracts/netstack.ts";

/**
 * BR_STATE_LISTENING of linux/if_bridge.h: nothing passes. Of a port that has a carrier the kernel ends BR_STATE_DISABLED with the request itself,
 * which it notifies of, and BR_STATE_BLOCKING with the next port that comes or goes.
 */
const listeningPort = 1;
/** dockerd counts from 0, and never asks whether a name is free: it comes to this number never. */
const firstNumberInside = 1000;

/** The end that dockerd moves: `peer` and as much of an endpoint's id as a link's name has room for. */
export function farEndName(endpointId: string): string {
  return `peer${endpointId.slice(0, 11)}`;
}

export interface EndpointLinksParts {
  readonly rtnl: Rtnl;
  /** Alias of a link in the kernel, for the id of what it belongs to. */
  readonly ownerOf: (objectId: string) => string;
  /** The host's end of an endpoint's pair. */
  readonly hostEndName: (endpointId: string) => string;
  /** Makes the kernel notice that a link has a carrier, where it has. */
  readonly awaitCarrier: (rtnl: Rtnl, selector: link.LinkSelector) => void;
  /** Makes a pair on the host. @throws link_name_in_use */
  readonly makePair: (request: PairRequest) => void;
  /** Puts an interface into the namespace that a path shows. @returns false where there is none */
  readonly putInside: (path: string, request: Omit<InterfaceRequest, "namespace">) => boolean;
}

/** An endpoint, and where it is to be. */
export interface InsideRequest {
  readonly spec: EndpointSpec;
  /** Name in the sandbox; undefined: one that dockerd will not come to. */
  readonly name: string | undefined;
  /** Path of the sandbox's namespace. */
  readonly path: string;
}

export class EndpointLinks {
  readonly #parts: EndpointLinksParts;

  constructor(parts: EndpointLinksParts) {
    this.#parts = parts;
  }

  /** @returns the name of the link that dockerd is to move; undefined where the endpoint has none */
  make({ id, interface: { mac } }: EndpointSpec, { interface: wanted }: JoinAnswer): string | undefined {
    if (wanted === undefined) return undefined;
    const { plan, mtu } = wanted;
    if (plan.kind === "move") return plan.sourceName;
    const { makePair, ownerOf } = this.#parts;
    const farName = farEndName(id);
    makePair({ plan, farName, mac, mtu, owner: ownerOf(id) });
    return farName;
  }

  /**
   * Makes an endpoint's interface in a sandbox that is there already: dockerd does not come to know of it.
   *
   * @returns false where there is no namespace yet, or the link is somebody else's
   */
  putInside({ spec, name, path }: InsideRequest, { interface: wanted, staticRoutes }: JoinAnswer): boolean {
    if (wanted?.plan.kind !== "veth") return false;
    const { ownerOf, putInside } = this.#parts;
    const { interface: addresses } = spec;
    return putInside(path, {
      owner: ownerOf(spec.id),
      interface: wanted,
      name,
      firstNumber: firstNumberInside,
      // dockerd forbids IPv6 in its sandboxes, and allows it by interface.
      sysctls: addresses.ipv6 === undefined ? {} : { "ipv6/conf/IFNAME/disable_ipv6": "0" },
      addresses,
      // The others dockerd adds, by whichever interface leads there.
      staticRoutes: staticRoutes.filter(({ nextHop }) => nextHop === undefined),
    });
  }

  sourceName(endpointId: string): string {
    return farEndName(endpointId);
  }

  /** Nobody has moved it yet. */
  waits(endpointId: string): boolean {
    return this.areThere(endpointId) && this.#find(farEndName(endpointId));
  }

  areThere(endpointId: string): boolean {
    return this.#find(this.#parts.hostEndName(endpointId));
  }

  /** Both ends are up by now, and the kernel is to know it before the first packet comes. */
  catchUp(endpointId: string): void {
    const { rtnl, hostEndName, awaitCarrier } = this.#parts;
    const found = rtnl.findLink({ name: hostEndName(endpointId) });
    if (found?.master === undefined) return;
    awaitCarrier(rtnl, { index: found.index });
    awaitCarrier(rtnl, { index: found.master });
  }

  /** Nothing passes its bridge any more. Setting it down would have dockerd, which is about to move the other end, wait for RCU for longer. */
  block(endpointId: string): void {
    const { rtnl, hostEndName } = this.#parts;
    const name = hostEndName(endpointId);
    const info = { slaveKind: "bridge", bridgePort: { state: listeningPort } };
    const [refused] = rtnl.attempt([link.change({ name }, { info })]);
    // It has no carrier; the bridge is somebody's who has it speak STP, and ports are its own; or it is not there, or on no bridge.
    if (refused !== undefined) rtnl.attempt([link.change({ name }, { up: false })]);
  }

  #find(name: string): boolean {
    return this.#parts.rtnl.findLink({ name }) !== undefined;
  }

  /**
   * Takes away what carries our mark and belongs to nothing that is stored.
   *
   * @param isKept by the id of an object
   */
  sweep(mark: string, isKept: (objectId: string) => boolean, reap: (index: number) => void): void {
    const { rtnl } = this.#parts;
    for (const { index, alias = "" } of rtnl.findLinks({ aliasPrefix: mark })) {
      if (isKept(alias.slice(mark.length))) continue;
      rtnl.attempt([link.change({ index }, { up: false })]);
      reap(index);
    }
  }
}
