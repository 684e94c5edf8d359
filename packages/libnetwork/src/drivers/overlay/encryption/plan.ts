/**
 * Which states and policies a host must have: data from data.
 */
import type { xfrmPolicy, xfrmState } from "@causeway/kernel";
import { parseIp } from "../../../address/ip.ts";
import type { ClusterKey, TunnelEnd } from "../../../contracts/tunnel-keys.ts";
import { association, requestIdOf } from "./security-association.ts";

/** IPPROTO_UDP */
const udp = 17;

/** This host: where its tunnels end, and the UDP port of those that are encrypted. */
export interface OwnEnd extends TunnelEnd {
  readonly port: number;
}

/** The generation that packets go out by: the last but one, which all hosts have had since the rotation before. */
function usedKey(keys: readonly ClusterKey[]): ClusterKey | undefined {
  return keys.at(-2) ?? keys.at(-1);
}

/**
 * What goes to the port has to be encrypted by a state of this life, and what comes in by it must have been: whoever it is to or from.
 * Where there is no such state it is dropped.
 */
export function guards({ address, life, port }: OwnEnd): readonly xfrmPolicy.PolicySettings[] {
  const selector = { family: parseIp(address).family, protocol: udp, destinationPort: port };
  const templates = [{ requestId: requestIdOf(life) }];
  // The way in is last, and the life is read from it: who is killed between the two is in the earlier one still, and makes the other policy again.
  return [
    { direction: "out", selector, templates },
    { direction: "in", selector, templates },
  ];
}

/** In by any generation, out by the one that is used: these in that order. */
export function tunnelStates(
  self: OwnEnd,
  keys: readonly ClusterKey[],
  peer: TunnelEnd,
): readonly xfrmState.StateSettings[] {
  const { port } = self;
  const used = usedKey(keys);
  const incoming = keys.map((key) => association({ key, from: peer, to: self, port }, self));
  return used === undefined
    ? incoming
    : [...incoming, association({ key: used, from: self, to: peer, port }, self)];
}
