/**
 * Guest links: links that somebody else made on the host, in a sandbox for as long as an endpoint is. They are moved there and back, and
 * nothing else of theirs is ours: no alias, and never a deletion.
 */
import { isKernelError, link, type NetNamespace, type Rtnl } from "@causeway/kernel";
import type { GuestInterface } from "../contracts/netstack.ts";
import { CausewayError, conflict } from "../errors.ts";

/**
 * Moves a link of the host into a namespace, under a name. It arrives down and without addresses.
 *
 * @throws source_interface_missing
 */
export function fetchLink(host: Rtnl, namespace: NetNamespace, sourceName: string, name: string): void {
  const found = host.findLink({ name: sourceName });
  if (found === undefined) {
    const message = `the host has no interface "${sourceName}", which the network's driver answered: see what became of it there`;
    throw new CausewayError("unavailable", "source_interface_missing", message, { detail: sourceName });
  }
  const { index } = found;
  host.execute(
    link.change({ index }, { up: false }),
    link.move({ index }, { namespaceFd: namespace.fd, name }),
  );
}

/**
 * Moves it back, under its own name. One that is gone has been deleted by whose it is.
 *
 * @throws source_name_in_use where the host has another of the name by now
 */
export function returnLink(
  inside: Rtnl,
  host: NetNamespace,
  { index, name, sourceName }: GuestInterface,
): void {
  if (inside.findLink({ index })?.name !== name) return;
  const [, moving] = inside.attempt([
    link.change({ index }, { up: false }),
    link.move({ index }, { namespaceFd: host.fd, name: sourceName }),
  ]);
  if (moving === undefined || isKernelError(moving, "ENODEV")) return;
  if (!isKernelError(moving, "EEXIST")) throw moving;
  const message = `the host has another interface "${sourceName}" by now: ${name} stays in the sandbox, down, until that one is gone`;
  throw conflict("source_name_in_use", message, sourceName);
}
