/**
 * What the endpoints of a network are called in it, for users.
 */
import type { NamedPort } from "../../contracts/names.ts";
import type { NetworkCore } from "../network-core.ts";
import { answersNames, isNamed, membershipOf } from "./sandbox-names.ts";

/** An endpoint as the others in its network find it. */
export interface NetworkName {
  readonly endpointId: string;
  /** Undefined for one of another host's. */
  readonly sandboxId: string | undefined;
  /** The other host that has it; undefined for this one's own. */
  readonly host: { readonly id: string; readonly address: string } | undefined;
  /** Its address is called by the first. */
  readonly names: readonly string[];
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly ports: readonly NamedPort[];
  /** Seconds that an answer may be kept. */
  readonly ttl: number;
}

/** Of the endpoints that are in a sandbox: this host's, and those of others in a network of theirs, too. */
export function networkNames(network: NetworkCore): readonly NetworkName[] {
  return [...namesHere(network), ...namesElsewhere(network)];
}

function namesHere({ endpoints }: NetworkCore): readonly NetworkName[] {
  return [...endpoints].flatMap((endpoint) => {
    const { sandbox } = endpoint;
    if (sandbox === undefined || sandbox.lost || !isNamed(endpoint)) return [];
    const { endpointId, names, ipv4, ipv6, ports, ttl } = membershipOf(endpoint, sandbox);
    const addresses = { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
    return [{ endpointId, sandboxId: sandbox.id, host: undefined, names, ...addresses, ports, ttl }];
  });
}

function namesElsewhere(network: NetworkCore): readonly NetworkName[] {
  if (!answersNames(network)) return [];
  const peers = network.engine.global?.peersIn(network) ?? [];
  return peers.map(({ endpointId, hostId, hostAddress, names, ipv4, ipv6, ports }) => ({
    endpointId,
    sandboxId: undefined,
    host: { id: hostId, address: hostAddress },
    names,
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    ports,
    ttl: network.record.options.dnsTtl ?? 0,
  }));
}
