/**
 * Puts one interface into a sandbox: made (or moved in), addressed, up, and announced to the neighbours.
 *
 * Two things are done for the sake of the first packet. Carrier changes travel through a queue of the kernel, so a
 * bridge's new port does not forward at once, nor does a bridge without others send; asking for both makes the kernel catch
 * up, or tells that it has not yet (before Linux 6.8). And a neighbour may still hold another MAC for a re-used address:
 * setting the MAC once more makes the kernel announce the addresses.
 */
import {
  address,
  isKernelError,
  type KernelError,
  link,
  type NetNamespace,
  type Reaper,
  type Request,
  Rtnl,
  route,
  writeSysctl,
} from "@causeway/kernel";
import { addressOf } from "../address/cidr.ts";
import { linkLocalAddress } from "../address/link-local.ts";
import type { EndpointInterface, InterfacePlan, StaticRoute } from "../contracts/driver.ts";
import type { AddedInterface, InterfaceRequest, InterfaceState, PairRequest } from "../contracts/netstack.ts";
import { conflict, invalid } from "../errors.ts";
import { Announcer } from "./announce.ts";
import { fetchLink, type GuestHome, originOf, returnLink } from "./guest-link.ts";
import { openNamespace } from "./namespace-place.ts";
import { type FarEnd, type PairPlan, pairRequests, withoutLinkLocal } from "./pair.ts";
import { awaitCarrier, awaitSolicitable } from "./readiness.ts";

/** More interfaces than a sandbox has, so that a search for a free number ends. */
const highestNumber = 4096;

export class InterfaceMaker implements Disposable {
  readonly #home: GuestHome;
  readonly #host: Rtnl;
  readonly #reaper: Reaper;
  readonly #announcer = new Announcer();

  /** @param host a connection to rtnetlink in the host's namespace */
  constructor(namespace: NetNamespace, host: Rtnl, reaper: Reaper) {
    this.#home = { namespace, rtnl: host };
    this.#host = host;
    this.#reaper = reaper;
  }

  make(namespace: NetNamespace, request: InterfaceRequest): AddedInterface {
    using inside = new Rtnl(namespace);
    const { plan } = request.interface;
    const origin = plan.kind === "move" ? originOf(this.#host, plan.sourceName) : undefined;
    const name = this.#create(namespace, inside, request);
    try {
      const index = inside.query(link.getIndex({ name }));
      const addresses = plan.kind === "move" ? guestAddresses(inside, index, request) : request.addresses;
      const settled = { ...request, addresses };
      this.#configure(namespace, inside, { name, index }, settled);
      if (plan.kind === "veth") this.#near(plan, (near) => catchUp(near, plan));
      else this.#catchUpGuest(inside, index);
      this.#announce(inside, index, settled);
      const { mac, ipv6 } = addresses;
      if (ipv6 !== undefined && mac !== "")
        awaitSolicitable(inside, index, [addressOf(ipv6), linkLocalAddress(mac)]);
      return { name, index, mac, ...(origin !== undefined && { origin }) };
    } catch (error) {
      this.#discard(plan, inside, name);
      throw error;
    }
  }

  /** Makes the link under the first name that is free in the sandbox. */
  #create(namespace: NetNamespace, inside: Rtnl, request: InterfaceRequest): string {
    const { name: wanted, firstNumber = 0 } = request;
    const { plan, prefix } = request.interface;
    for (let number = firstNumber; number <= highestNumber; number++) {
      const name = wanted ?? `${prefix}${number}`;
      if (number > firstNumber || wanted !== undefined || plan.kind === "move") {
        // The first number is nearly always free; from the second on, asking is cheaper than failing. A link that is moved has come over
        // before the kernel finds that the name is taken.
        if (inside.findLink({ name }) !== undefined) {
          if (wanted === undefined) continue;
          throw conflict(
            "interface_name_in_use",
            `the sandbox has an interface "${wanted}": choose another name`,
            wanted,
          );
        }
      }
      try {
        this.#createNamed(namespace, plan, name, request);
        return name;
      } catch (error) {
        const isTaken = isKernelError(error, "EEXIST") && inside.findLink({ name }) !== undefined;
        if (wanted !== undefined || !isTaken) throw error;
      }
    }
    throw conflict(
      "interface_name_in_use",
      `the sandbox has no free interface name ${prefix}${firstNumber} to ${prefix}${highestNumber}`,
    );
  }

  /** Does something where the bridge is. */
  #near({ bridgeNamespace }: PairPlan, action: (near: Rtnl) => void): void {
    if (bridgeNamespace === undefined) {
      action(this.#host);
      return;
    }
    using namespace = openNamespace(bridgeNamespace);
    using near = new Rtnl(namespace);
    action(near);
  }

  /** Where the other end of a pair is on the host, that and the bridge that it is on. */
  #catchUpGuest(inside: Rtnl, index: number): void {
    awaitCarrier(inside, { index });
    const { info, parentIndex: peer } = inside.query(link.get({ index }));
    if (info?.kind !== "veth" || peer === undefined) return;
    const other = this.#host.findLink({ index: peer });
    // The index may be of another namespace, and another link's here.
    if (other?.info?.kind !== "veth" || other.parentIndex !== index) return;
    awaitCarrier(this.#host, { index: peer });
    if (other.master !== undefined) awaitCarrier(this.#host, { index: other.master });
  }

  #createNamed(namespace: NetNamespace, plan: InterfacePlan, name: string, request: InterfaceRequest): void {
    const { owner, interface: wanted, addresses } = request;
    if (plan.kind === "move") {
      fetchLink(this.#home, namespace, { sourceName: plan.sourceName, name, addresses });
      return;
    }
    const far = { name, mac: addresses.mac, namespaceFd: namespace.fd };
    this.#near(plan, (near) => createPair(near, plan, far, { owner, mtu: wanted.mtu }));
  }

  #configure(
    namespace: NetNamespace,
    inside: Rtnl,
    made: InterfaceState,
    { addresses, sysctls, staticRoutes }: InterfaceRequest,
  ): void {
    for (const [key, value] of Object.entries(sysctls)) {
      namespace.run(() => applySetting(key, made.name, value));
    }
    // Up first: an interface that has addresses announces them as it comes up, before the bridge's port surely forwards. Not in
    // the request that forbids link-local addresses: Linux 6.1 brings the interface up before it reads that, and makes one.
    inside.execute(
      link.change({ index: made.index }, { families: withoutLinkLocal }),
      link.change({ index: made.index }, { up: true }),
      ...addressRequests(made.index, addresses),
    );
    for (const staticRoute of staticRoutes) addRoute(inside, made.index, staticRoute);
  }

  #announce(
    inside: Rtnl,
    index: number,
    { namespace, addresses, interface: { announce } }: InterfaceRequest,
  ): void {
    const { count, intervalMs, urgent } = announce;
    if (count === 0) return;
    if (addresses.mac === "") return;
    const request = link.change({ index }, { address: addresses.mac });
    if (urgent) inside.execute(request);
    const announcement = { namespace, request, intervalMs };
    if (urgent) this.#announcer.repeat({ ...announcement, times: count - 1 });
    else this.#announcer.announce({ ...announcement, times: count });
  }

  #discard(plan: InterfacePlan, inside: Rtnl, name: string): void {
    if (plan.kind === "veth")
      this.#reaper.later(this.#reaper.deleteLink({ name: plan.hostName }, plan.bridgeNamespace?.path));
    else {
      const found = inside.findLink({ name });
      if (found !== undefined)
        returnLink(inside, this.#home, { name, index: found.index, sourceName: plan.sourceName });
    }
  }

  [Symbol.dispose](): void {
    this.#announcer[Symbol.dispose]();
  }
}

function createPair(near: Rtnl, plan: PairPlan, far: FarEnd, both: Pick<PairRequest, "owner" | "mtu">): void {
  let refused: KernelError | undefined;
  try {
    const [creation, marking] = near.attempt(pairRequests(plan, far, both));
    refused = creation;
    const failure = creation ?? marking;
    if (failure !== undefined) throw failure;
  } catch (error) {
    // At once, for the next attempt is made under the same name. Where the kernel's answer was lost, the pair may be there.
    if (refused === undefined) near.attempt([link.remove({ name: plan.hostName })]);
    throw error;
  }
}

/**
 * The port first: the bridge has a carrier from its first one that forwards. Until the kernel has noticed, all that the
 * host sends by it is dropped.
 */
function catchUp(near: Rtnl, { hostName, bridgeIndex }: PairPlan): void {
  awaitCarrier(near, { name: hostName });
  awaitCarrier(near, { index: bridgeIndex });
}

/** The MAC that was chosen is given to the link; where nobody chose one, the link's own counts. */
function guestAddresses(inside: Rtnl, index: number, { addresses }: InterfaceRequest): EndpointInterface {
  const { mac } = addresses;
  if (mac === "") return { ...addresses, mac: inside.query(link.get({ index })).address ?? "" };
  inside.execute(link.change({ index }, { address: mac }));
  return addresses;
}

/** @throws invalid_sysctl in the kernel's words */
function applySetting(key: string, interfaceName: string, value: string): void {
  try {
    writeSysctl(`net/${key.replaceAll("IFNAME", interfaceName)}`, value);
  } catch (error) {
    if (!isKernelError(error, "ENOENT", "EINVAL", "ERANGE", "EACCES", "EPERM")) throw error;
    const name = `net.${key.replaceAll("/", ".")}`;
    const message =
      error.code === "ENOENT" ? "the kernel has no such setting" : `the kernel refuses "${value}"`;
    throw invalid(
      "invalid_sysctl",
      `sysctls: ${name}: ${message} (${error.code}): change it or leave it out`,
      name,
    );
  }
}

/** @throws invalid_route in the kernel's words */
function addRoute(inside: Rtnl, index: number, { destination, nextHop }: StaticRoute): void {
  const gateway = nextHop === undefined ? {} : { gateway: nextHop };
  const [failure] = inside.attempt([route.add({ destination, link: index, ...gateway })]);
  if (failure === undefined) return;
  if (!isKernelError(failure, "ENETUNREACH", "EHOSTUNREACH", "EINVAL", "EEXIST")) throw failure;
  const name = nextHop === undefined ? destination : `${destination} by ${nextHop}`;
  const reason = failure.kernelMessage ?? failure.code;
  const message = `staticRoutes: ${name}: the kernel refuses it (${reason}): give a next hop of the network, and each destination once`;
  throw invalid("invalid_route", message, name);
}

/** The addresses of an endpoint: those that the IPAM gave, and with IPv6 the link-local one. */
export function addressRequests(index: number, { mac, ipv4, ipv6 }: EndpointInterface): readonly Request[] {
  const linkLocal = ipv6 === undefined || mac === "" ? undefined : `${linkLocalAddress(mac)}/64`;
  const addresses = [ipv4, ipv6, linkLocal];
  return addresses
    .filter((cidr) => cidr !== undefined)
    .map((cidr) => {
      const [text = "", prefixLength] = cidr.split("/");
      const scope = text.startsWith("fe80:") ? { scope: address.linkScope } : {};
      return address.add({ link: index, address: text, prefixLength: Number(prefixLength), ...scope });
    });
}
