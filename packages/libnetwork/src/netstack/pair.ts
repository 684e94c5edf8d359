/**
 * Pairs of links whose near end is a port of a bridge: the far end is made in a sandbox, or beside the near one, for somebody else to move.
 */
import { link, type Request, type Rtnl } from "@causeway/kernel";
import type { InterfacePlan } from "../contracts/driver.ts";
import type { PairRequest } from "../contracts/netstack.ts";
import { conflict } from "../errors.ts";

export type PairPlan = Extract<InterfacePlan, { kind: "veth" }>;

/** Link-local addresses are given, not generated: anti-spoofing has to know them. The host's end needs none: nobody speaks to it. */
export const withoutLinkLocal = { inet6: { addressGeneration: link.addressGeneration.none } };
/** A pair with a queue for every CPU, of which one is used, costs the kernel a third more: it waits for RCU to take the others away. */
const oneQueue = { transmitQueues: 1, receiveQueues: 1 };

/** Of the end that is not on the bridge. */
export interface FarEnd {
  readonly name: string;
  readonly mac: string;
  /** Where it is made. Default: where the near end is. */
  readonly namespaceFd?: number;
}

/**
 * What makes a pair, and then its near end a port of the bridge, up and marked. What follows the creation in a send is done even where that
 * was refused, because there is another link of the name.
 */
export function pairRequests(
  { hostName, bridgeIndex, port }: PairPlan,
  { mac, ...far }: FarEnd,
  { owner, mtu }: Pick<PairRequest, "owner" | "mtu">,
): readonly [creation: Request, marking: Request] {
  const ofBoth = { ...oneQueue, ...(mtu !== undefined && { mtu }) };
  const peer = { ...far, address: mac, ...ofBoth };
  return [
    link.create({
      name: hostName,
      master: bridgeIndex,
      ...ofBoth,
      info: { kind: "veth", veth: { peer } },
    }),
    link.change(
      { name: hostName },
      { up: true, alias: owner, families: withoutLinkLocal, info: { slaveKind: "bridge", bridgePort: port } },
    ),
  ];
}

/**
 * Makes a pair with both ends in a namespace, and marks both. What was left under these names goes first. On an exception nothing is left.
 *
 * @throws link_name_in_use where somebody else has one of the names
 */
export function makePair(rtnl: Rtnl, { plan, farName, mac, mtu, owner }: PairRequest): void {
  const { hostName } = plan;
  // Asked before: the marking would be done to somebody else's.
  clearName(rtnl, hostName, owner);
  clearName(rtnl, farName, owner);
  const failures = rtnl.attempt([
    ...pairRequests(plan, { name: farName, mac }, { owner, mtu }),
    link.change({ name: farName }, { alias: owner }),
  ]);
  const failure = failures.find((refused) => refused !== undefined);
  if (failure === undefined) return;
  if (failures[0] === undefined) rtnl.attempt([link.remove({ name: hostName })]);
  throw failure;
}

/**
 * Takes away what was left under the name of a link that is to be made.
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
