/**
 * Who has an address of a network: asked where an IPAM that is a plugin has chosen one, for somebody else's may forget what it gave.
 */
import { addressOf } from "../address/cidr.ts";
import { familyOf } from "../address/ip.ts";
import { CausewayError, conflict } from "../errors.ts";
import type { NetworkCore } from "./network-core.ts";
import type { PoolRecord } from "./records.ts";

/** Says who has an address (without prefix length), in words that an error can go on with. */
export type HolderOf = (address: string) => string | undefined;

type OfNetwork = Pick<PoolRecord, "gateway" | "auxiliaryAddresses">;

/** What a network has taken for itself. */
export function holderIn(pools: readonly OfNetwork[]): HolderOf {
  const holders = new Map<string, string>();
  for (const { gateway, auxiliaryAddresses } of pools) {
    if (gateway !== undefined) holders.set(addressOf(gateway), "the network's gateway has");
    for (const [name, cidr] of Object.entries(auxiliaryAddresses))
      holders.set(addressOf(cidr), `the auxiliary address "${name}" is`);
  }
  return (address) => holders.get(address);
}

/** What a network has, its services and its endpoints. Whoever asks holds its lock: no other of these is being made. */
export function holderOn({ name, record, endpoints, services }: NetworkCore): HolderOf {
  const ofNetwork = holderIn(record.pools);
  const hasIt = (cidr: string | undefined, address: string) =>
    cidr !== undefined && addressOf(cidr) === address;
  return (address) => {
    const own = ofNetwork(address);
    if (own !== undefined) return own;
    for (const { name: endpoint, record } of endpoints) {
      const { ipv4, ipv6 } = record.interface;
      if (hasIt(ipv4, address) || hasIt(ipv6, address))
        return `endpoint "${endpoint}" of network "${name}" has`;
    }
    for (const { name: service, record } of services) {
      if (hasIt(record.ipv4, address) || hasIt(record.ipv6, address))
        return `service "${service}" of network "${name}" has`;
    }
    return undefined;
  };
}

/**
 * Refuses an address that somebody has. It is not to be released: it would be taken from whoever has it.
 *
 * @throws address_given_twice
 */
export function refuseGivenTwice(plugin: string, cidr: string, holderOf: HolderOf): void {
  const address = addressOf(cidr);
  const holder = holderOf(address);
  if (holder === undefined) return;
  const message = `plugin ${plugin} gave ${address}, which ${holder} already: it has to give an address once until that is released; see whether it has forgotten what it gave`;
  throw conflict("address_given_twice", message, { plugin, address });
}

/**
 * Refuses an address of the other family, and another one than was asked for.
 *
 * @param wanted without prefix length. Undefined: any
 * @throws plugin_answer_invalid
 */
export function refuseAnother(
  plugin: string,
  cidr: string,
  { family, wanted }: { readonly family: 4 | 6; readonly wanted: string | undefined },
): void {
  const address = addressOf(cidr);
  if (wanted === undefined ? familyOf(address) === family : address === wanted) return;
  const message = `plugin ${plugin} was asked for ${wanted ?? `an IPv${family} address`}, and gave ${address}: it has to give what it is asked for, or refuse`;
  throw new CausewayError("internal", "plugin_answer_invalid", message, { detail: { plugin, address } });
}
