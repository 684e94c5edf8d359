/**
 * Which packets a state or a policy means: struct xfrm_selector of linux/xfrm.h.
 */
import { bytesToIp, ipToBytes } from "../codec/inet.ts";
import { familyOfVersion, type IpVersion, parsePrefix, versionOfFamily } from "../netlink/family.ts";
import type { selectorStruct } from "./spec.ts";

export interface Selector {
  readonly family: IpVersion;
  /** CIDR that the packet's source is in; default: any. */
  readonly source?: string;
  /** CIDR that the packet's destination is in; default: any. */
  readonly destination?: string;
  /** IPPROTO_* of the packet; default: any. */
  readonly protocol?: number;
  /** Default: any. */
  readonly sourcePort?: number;
  /** Default: any. */
  readonly destinationPort?: number;
}

export type SelectorFields = ReturnType<typeof selectorStruct.read>;

const wholePort = 0xffff;

/** xfrm_address_t as text: which part of it counts, the family says. */
export function addressText(bytes: Uint8Array, family: number): string {
  return bytesToIp(versionOfFamily(family) === 4 ? bytes.subarray(0, 4) : bytes);
}

export function selectorFields(selector: Selector): Partial<SelectorFields> {
  const { family, source, destination, protocol, sourcePort, destinationPort } = selector;
  const from = source === undefined ? undefined : parsePrefix(source);
  const to = destination === undefined ? undefined : parsePrefix(destination);
  return {
    family: familyOfVersion(family),
    ...(from === undefined ? {} : { source: ipToBytes(from.address), sourceLength: from.length }),
    ...(to === undefined ? {} : { destination: ipToBytes(to.address), destinationLength: to.length }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(sourcePort === undefined ? {} : { sourcePort, sourcePortMask: wholePort }),
    ...(destinationPort === undefined ? {} : { destinationPort, destinationPortMask: wholePort }),
  };
}

export function readSelector(fields: SelectorFields): Selector {
  const { family, source, sourceLength, destination, destinationLength, protocol } = fields;
  return {
    family: versionOfFamily(family),
    ...(sourceLength === 0 ? {} : { source: `${addressText(source, family)}/${sourceLength}` }),
    ...(destinationLength === 0
      ? {}
      : { destination: `${addressText(destination, family)}/${destinationLength}` }),
    ...(protocol === 0 ? {} : { protocol }),
    ...(fields.sourcePortMask === 0 ? {} : { sourcePort: fields.sourcePort }),
    ...(fields.destinationPortMask === 0 ? {} : { destinationPort: fields.destinationPort }),
  };
}
