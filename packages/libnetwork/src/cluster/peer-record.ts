/**
 * What other hosts store of themselves and of their endpoints, read with care: whatever is in the store, every host of the cluster is told
 * of it, and its kernel and its resolver are to do what it says. What is not as we store it is nobody's.
 */
import { familyOf, type IpAddress } from "../address/ip.ts";
import { unicastMac } from "../address/mac.ts";
import { isLinkLocal, tryReachable } from "../address/reachable.ts";
import { memberStates } from "../contracts/balancing.ts";
import type { ClusterHost, Peer } from "../contracts/overlay.ts";
import type { PlainData, StoredRecord } from "../contracts/store.ts";
import { fieldOf, textOf } from "./fields.ts";

/** Names and ports of one endpoint: more are left out. */
const mostNames = 256;
/** RFC 1035 section 2.3.4, of letters that are to be seen: names go into answers, and into logs. */
const name = /^(?=.{1,253}$)[!-\-/-~]{1,63}(\.[!-\-/-~]{1,63})*$/;

/** For people; it goes into logs. */
const hostName = /^[^\p{Cc}]{1,253}$/u;

/** Undefined where it is none. */
export function readHost({ id, value }: StoredRecord): ClusterHost | undefined {
  const called = textOf(value, "name");
  const address = tryTunnelEnd(textOf(value, "address"));
  if (called === undefined || address === undefined || !hostName.test(called)) return undefined;
  return { id, name: called, address: address.toString() };
}

/**
 * Undefined where it is none, or where no tunnel of this host leads there.
 *
 * @param self this host: what others say does not lead to itself
 */
export function readPeer(
  networkId: string,
  { id, value }: StoredRecord,
  self: ClusterHost,
): Peer | undefined {
  const hostId = textOf(value, "hostId");
  const hostAddress = tryTunnelEnd(textOf(value, "hostAddress"))?.toString();
  const mac = tryMac(textOf(value, "mac"));
  if (hostId === undefined || hostAddress === undefined || mac === undefined) return undefined;
  if (familyOf(hostAddress) !== familyOf(self.address)) return undefined;
  if (hostAddress === self.address && hostId !== self.id) return undefined;
  const ipv4 = addressIn(value, "ipv4", 4);
  const ipv6 = addressIn(value, "ipv6", 6);
  if (ipv4 === null || ipv6 === null) return undefined;
  return {
    endpointId: id,
    networkId,
    hostId,
    hostAddress,
    mac,
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    names: listIn(value, "names").filter(isName),
    ports: listIn(value, "ports").flatMap(readPort),
    ...readService(fieldOf(value, "service")),
  };
}

function readService(value: PlainData | undefined): Pick<Peer, "service"> {
  const called = textOf(value, "name");
  const told = textOf(value, "state");
  const state = memberStates.find((one) => one === told);
  if (called === undefined || !name.test(called) || state === undefined) return {};
  return { service: { name: called, state } };
}

function tryTunnelEnd(text: string | undefined): IpAddress | undefined {
  const address = tryReachable(text);
  return address === undefined || isLinkLocal(address) ? undefined : address;
}

function tryMac(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : unicastMac(text);
  } catch {
    return undefined;
  }
}

/** Undefined where there is none, null where what stands there is none. */
function addressIn(value: PlainData, field: string, family: 4 | 6): string | null | undefined {
  if (fieldOf(value, field) === undefined) return undefined;
  return tryReachable(textOf(value, field), family)?.toString() ?? null;
}

const isName = (value: PlainData): value is string => typeof value === "string" && name.test(value);

function readPort(value: PlainData): Peer["ports"] {
  const called = textOf(value, "name");
  const protocol = textOf(value, "protocol");
  const port = fieldOf(value, "port");
  const isProtocol = protocol === "tcp" || protocol === "udp" || protocol === "sctp";
  if (called === undefined || !name.test(called) || !isProtocol) return [];
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 0xffff) return [];
  return [{ name: called, protocol, port }];
}

function listIn(value: PlainData, field: string): readonly PlainData[] {
  const found = fieldOf(value, field);
  return Array.isArray(found) ? found.slice(0, mostNames) : [];
}
