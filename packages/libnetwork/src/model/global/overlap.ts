/**
 * Subnets that a network of the cluster has, and that a network of this host alone has, too: the cluster does not know the latter, each host
 * has its own. They are in nobody's way but in a sandbox that is in both.
 */
import { parseSubnet } from "../../address/cidr.ts";
import { conflict } from "../../errors.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { Engine } from "../engine.ts";
import type { NetworkCore } from "../network-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";

/**
 * The sandbox has one route into a subnet: what it sends there would reach one of the networks only.
 *
 * @throws sandbox_subnet_overlap
 */
export function refuseOverlaps({ network }: EndpointCore, sandbox: SandboxCore): void {
  for (const { network: other } of sandbox.joined) {
    if (other === network || other.record.shared === network.record.shared) continue;
    for (const mine of subnetsOf(network)) {
      const theirs = subnetsOf(other).find((one) => parseSubnet(one).overlaps(parseSubnet(mine)));
      if (theirs === undefined) continue;
      const message =
        `network "${network.name}" (${mine}) overlaps network "${other.name}" (${theirs}), which sandbox "${sandbox.name}" is in: ` +
        "it would reach only one of them; leave that one first, or make one of them anew with another subnet";
      throw conflict("sandbox_subnet_overlap", message, {
        networks: [network.name, other.name],
        subnets: [mine, theirs],
      });
    }
  }
}

/** What networks of the cluster have: automatic subnets of this host's own networks keep away from it. */
export function sharedSubnets({ networks }: Engine): readonly string[] {
  return [...networks].filter(({ record }) => record.shared === true).flatMap(subnetsOf);
}

/** A network without an IPAM of its own has none. */
function subnetsOf({ record }: NetworkCore): readonly string[] {
  return record.pools.map(({ pool }) => pool).filter((pool) => pool !== "");
}
