/**
 * What the endpoints of a network are called in it, for users.
 */
import type { NamedPort } from "../../contracts/names.ts";
import type { NetworkCore } from "../network-core.ts";
import { isNamed, membershipOf } from "./sandbox-names.ts";

/** An endpoint as the others in its network find it. */
export interface NetworkName {
  readonly endpointId: string;
  readonly sandboxId: string;
  /** Its address is called by the first. */
  readonly names: readonly string[];
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly ports: readonly NamedPort[];
  /** Seconds that an answer may be kept. */
  readonly ttl: number;
}

/** Of the endpoints that are in a sandbox. */
export function networkNames({ endpoints }: NetworkCore): readonly NetworkName[] {
  return [...endpoints].flatMap((endpoint) => {
    const { sandbox } = endpoint;
    if (sandbox === undefined || sandbox.lost || !isNamed(endpoint)) return [];
    const { endpointId, names, ipv4, ipv6, ports, ttl } = membershipOf(endpoint, sandbox);
    const addresses = { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
    return [{ endpointId, sandboxId: sandbox.id, names, ...addresses, ports, ttl }];
  });
}
