/**
 * Guest links: links that somebody else made on the host, in a sandbox for as long as an endpoint is. They are moved there and back, and
 * nothing else of theirs is ours: no alias, and never a deletion.
 */
import { address, isKernelError, link, type NetNamespace, Rtnl } from "@causeway/kernel";
import { addressOf } from "../address/cidr.ts";
import { familyOf } from "../address/ip.ts";
import type { EndpointInterface } from "../contracts/driver.ts";
import type { GuestInterface, GuestOrigin } from "../contracts/netstack.ts";
import { CausewayError, conflict, forbidden } from "../errors.ts";

export interface GuestWanted {
  /** Its name on the host. */
  readonly sourceName: string;
  /** Its name in the namespace. */
  readonly name: string;
  /** The endpoint's. */
  readonly addresses: EndpointInterface;
}

/** Where links come from and go back to. */
export interface GuestHome {
  readonly namespace: NetNamespace;
  /** A connection to rtnetlink there. */
  readonly rtnl: Rtnl;
}

/**
 * Moves a link of the host into a namespace, under a name. It arrives down and without addresses.
 *
 * @throws source_interface_missing, source_interface_in_use
 */
export function fetchLink(
  host: GuestHome,
  namespace: NetNamespace,
  { sourceName, name, addresses }: GuestWanted,
): void {
  const found = host.rtnl.findLink({ name: sourceName });
  if (found === undefined) {
    const message = `the host has no interface "${sourceName}", which the network's driver answered: see what became of it there`;
    throw new CausewayError("unavailable", "source_interface_missing", message, { detail: sourceName });
  }
  refuseHostsOwn(host.rtnl, found, addresses);
  const { index } = found;
  try {
    // Not taken down before: the kernel does it as it moves, and leaves those up that it does not move, as loopback and bridges.
    host.rtnl.execute(link.move({ index }, { namespaceFd: namespace.fd, name }));
  } catch (error) {
    // The kernel moves first: where the name is taken, the link has arrived under its own.
    if (isKernelError(error, "EEXIST")) {
      using inside = new Rtnl(namespace);
      const isThere = host.rtnl.findLink({ index })?.name === sourceName;
      if (!isThere) inside.attempt([link.move({ name: sourceName }, { namespaceFd: host.namespace.fd })]);
    }
    throw error;
  }
}

/**
 * The host would be cut off with a link that it uses itself. Plugins give theirs at most the endpoint's own addresses; IPv6 ones that came
 * by router advertisements are nobody's choice.
 */
function refuseHostsOwn(host: Rtnl, { index, name, master }: link.Link, addresses: EndpointInterface): void {
  const own = [addresses.ipv4, addresses.ipv6].filter((cidr) => cidr !== undefined).map(addressOf);
  const used = host
    .dump(address.list({ link: index }))
    .find((one) => one.scope !== address.linkScope && isChosen(one) && !own.includes(one.address));
  if (master === undefined && used === undefined) return;
  const use = used === undefined ? "it is a port of another link" : `it has ${used.address}`;
  const message = `the network's driver answered the interface "${name}", which the host uses itself: ${use}; it stays where it is`;
  throw forbidden("source_interface_in_use", message, name);
}

function isChosen({ address: text, flags }: address.Address): boolean {
  return familyOf(text) === 4 || (flags & address.permanent) !== 0;
}

/** What a link is that is about to be fetched; undefined where there is none. */
export function originOf(host: Rtnl, sourceName: string): GuestOrigin | undefined {
  const found = host.findLink({ name: sourceName });
  if (found === undefined) return undefined;
  const { info, parentIndex, linkNamespaceId, alias = "", alternativeNames = [] } = found;
  return {
    ...(info?.kind !== undefined && { kind: info.kind }),
    ...(parentIndex !== undefined && { parent: parentIndex }),
    paired: info?.kind === "veth" && parentIndex !== undefined && linkNamespaceId === undefined,
    alias,
    alternativeNames,
  };
}

/**
 * Moves it back, under its own name and with the marks that it came with. One that is gone has been deleted by whose it is; another in its
 * place is the sandbox's own.
 *
 * @throws source_name_in_use where the host has another of the name by now
 */
export function returnLink(inside: Rtnl, host: GuestHome, guest: GuestInterface): void {
  const { index, sourceName } = guest;
  const found = inside.findLink({ index });
  if (found === undefined || !isSame(found, host.rtnl, guest)) return;
  const down = link.change({ index }, { up: false });
  // Asked before: the kernel would move it nevertheless, and leave it there under the name that it has in the sandbox.
  if (host.rtnl.findLink({ name: sourceName }) !== undefined) {
    inside.attempt([down]);
    const message = `the host has another interface "${sourceName}" by now: ${found.name} stays in the sandbox, down, until that one is gone`;
    throw conflict("source_name_in_use", message, sourceName);
  }
  const requests = [down, ...unmarking(found, guest)];
  const move = link.move({ index }, { namespaceFd: host.namespace.fd, name: sourceName });
  const moving = inside.attempt([...requests, move]).at(-1);
  if (moving !== undefined && !isKernelError(moving, "ENODEV")) throw moving;
}

/** Whether it is the link that was fetched. An index may have been given to another; what a pair's other end says may not. */
function isSame(found: link.Link, host: Rtnl, { index, name, origin }: GuestInterface): boolean {
  if (origin === undefined) return found.name === name;
  const { kind, parent, paired } = origin;
  if (found.info?.kind !== kind || found.parentIndex !== parent) return false;
  if (!paired || parent === undefined) return true;
  const other = host.findLink({ index: parent });
  return other?.info?.kind === "veth" && other.parentIndex === index;
}

/** On the host, an alias would make it ours, and another name stand for a link that is looked for. */
function unmarking({ index, alias = "", alternativeNames = [] }: link.Link, { origin }: GuestInterface) {
  const before = { alias: "", alternativeNames: [] as readonly string[], ...origin };
  const added = alternativeNames.filter((name) => !before.alternativeNames.includes(name));
  return [
    ...(alias === before.alias ? [] : [link.change({ index }, { alias: before.alias })]),
    ...(added.length === 0 ? [] : [link.removeAlternativeNames({ index }, added)]),
  ];
}
