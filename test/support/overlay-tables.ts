// What the kernel of a host has of an overlay network, held against what it should have.

import { link, NetNamespace, Rtnl } from "@causeway/kernel";
import type { Network } from "@causeway/libnetwork";
import type { Peer } from "../../packages/libnetwork/src/contracts/overlay.ts";
import { entriesOf } from "../../packages/libnetwork/src/drivers/overlay/entries.ts";
import { liveEntries } from "../../packages/libnetwork/src/drivers/overlay/kernel-tables.ts";
import { difference } from "../../packages/libnetwork/src/drivers/overlay/peer-table.ts";
import { bridgeName, vxlanName } from "../../packages/libnetwork/src/drivers/overlay/segment.ts";
import { networkNamespacePath } from "../../packages/libnetwork/src/netstack/run-directory.ts";

/** An endpoint of another host. */
export type Elsewhere = Pick<Peer, "mac" | "ipv4" | "ipv6" | "hostAddress">;

/** How many entries are missing, too many, or others. */
export function wrongEntries(
  runDir: string,
  { id }: Pick<Network, "id">,
  elsewhere: readonly Elsewhere[],
): number {
  using namespace = NetNamespace.open(networkNamespacePath(runDir, id));
  using rtnl = new Rtnl(namespace);
  const index = (name: string) => rtnl.query(link.getIndex({ name }));
  const live = liveEntries(rtnl, { bridge: index(bridgeName), vxlan: index(vxlanName) });
  const wanted = elsewhere.flatMap((one) => [
    ...entriesOf({ endpointId: "", networkId: id, hostId: "", names: [], ports: [], ...one }),
  ]);
  const { remove, set } = difference(live, new Map(wanted));
  return remove.length + set.length;
}
