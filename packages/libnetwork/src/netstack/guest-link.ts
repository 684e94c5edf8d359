/**
 * Guest links: links that somebody else made on the host, in a sandbox for as long as an endpoint is. They are moved there and back, and
 * nothing else of theirs is ours: no alias, and never a deletion.
 */
import { isKernelError, link, type NetNamespace, Rtnl } from "@causeway/kernel";
import type { GuestInterface } from "../contracts/netstack.ts";
import { CausewayError, conflict } from "../errors.ts";

/** Where links come from and go back to. */
export interface GuestHome {
  readonly namespace: NetNamespace;
  /** A connection to rtnetlink there. */
  readonly rtnl: Rtnl;
}

/**
 * Moves a link of the host into a namespace, under a name. It arrives down and without addresses.
 *
 * @throws source_interface_missing
 */
export function fetchLink(host: GuestHome, namespace: NetNamespace, sourceName: string, name: string): void {
  const found = host.rtnl.findLink({ name: sourceName });
  if (found === undefined) {
    const message = `the host has no interface "${sourceName}", which the network's driver answered: see what became of it there`;
    throw new CausewayError("unavailable", "source_interface_missing", message, { detail: sourceName });
  }
  const { index } = found;
  try {
    host.rtnl.execute(
      link.change({ index }, { up: false }),
      link.move({ index }, { namespaceFd: namespace.fd, name }),
    );
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
 * Moves it back, under its own name. One that is gone has been deleted by whose it is.
 *
 * @throws source_name_in_use where the host has another of the name by now
 */
export function returnLink(inside: Rtnl, host: GuestHome, { index, name, sourceName }: GuestInterface): void {
  if (inside.findLink({ index })?.name !== name) return;
  const down = link.change({ index }, { up: false });
  // Asked before: the kernel would move it nevertheless, and leave it there under the name that it has in the sandbox.
  if (host.rtnl.findLink({ name: sourceName }) !== undefined) {
    inside.attempt([down]);
    const message = `the host has another interface "${sourceName}" by now: ${name} stays in the sandbox, down, until that one is gone`;
    throw conflict("source_name_in_use", message, sourceName);
  }
  const move = link.move({ index }, { namespaceFd: host.namespace.fd, name: sourceName });
  const [, moving] = inside.attempt([down, move]);
  if (moving !== undefined && !isKernelError(moving, "ENODEV")) throw moving;
}
