/**
 * An endpoint's pair of links, made with both ends in the host's namespace: one on its bridge, the other for dockerd to move.
 */
import { link, type Rtnl } from "@causeway/kernel";
import type { InterfacePlan } from "../contracts/driver.ts";
import { conflict } from "../errors.ts";

/** The host's end needs none: nobody speaks to it. */
const withoutLinkLocal = { inet6: { addressGeneration: link.addressGeneration.none } };
/** A pair with a queue for every CPU, of which one is used, costs the kernel a third more. */
const oneQueue = { transmitQueues: 1, receiveQueues: 1 };

/** The end that dockerd moves: `peer` and as much of an endpoint's id as a link's name has room for. */
export function farEndName(endpointId: string): string {
  return `peer${endpointId.slice(0, 11)}`;
}

export interface PairRequest {
  readonly plan: Extract<InterfacePlan, { kind: "veth" }>;
  readonly farName: string;
  readonly mac: string;
  readonly mtu: number | undefined;
  /** Alias of both. */
  readonly owner: string;
}

/**
 * What was left under these names goes first. On an exception nothing is left.
 *
 * @throws link_name_in_use where somebody else has one of the names
 */
export function makePair(rtnl: Rtnl, { plan, farName, mac, mtu: wanted, owner }: PairRequest): void {
  const { hostName, bridgeIndex, port } = plan;
  const mtu = wanted === undefined ? {} : { mtu: wanted };
  const peer = { name: farName, address: mac, ...oneQueue, ...mtu };
  const requests = [
    link.create({
      name: hostName,
      master: bridgeIndex,
      ...oneQueue,
      ...mtu,
      info: { kind: "veth", veth: { peer } },
    }),
    link.change(
      { name: hostName },
      { up: true, alias: owner, families: withoutLinkLocal, info: { slaveKind: "bridge", bridgePort: port } },
    ),
    link.change({ name: farName }, { alias: owner }),
  ];
  // Asked before: what follows the creation in a send is done even where there is another link of the name.
  clearName(rtnl, hostName, owner);
  clearName(rtnl, farName, owner);
  const failures = rtnl.attempt(requests);
  const failure = failures.find((refused) => refused !== undefined);
  if (failure === undefined) return;
  if (failures[0] === undefined) rtnl.attempt([link.remove({ name: hostName })]);
  throw failure;
}

/**
 * Takes away what was left under the name of an endpoint's link.
 *
 * @throws link_name_in_use where it is somebody else's
 */
export function clearName(rtnl: Rtnl, name: string, owner: string): void {
  const found = rtnl.findLink({ name });
  if (found === undefined) return;
  if (found.alias !== owner) {
    const message = `the host has another interface "${name}", which is to be an endpoint's: rename or delete it`;
    throw conflict("link_name_in_use", message, name);
  }
  rtnl.execute(link.remove({ index: found.index }));
}
