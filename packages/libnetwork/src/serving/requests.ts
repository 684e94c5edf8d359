/**
 * What the plugin protocol says, as drivers and IPAMs of ours take it, and the other way round. Pure.
 */
import {
  connectedRoute,
  isInternal,
  labels,
  macAddressOption,
  nextHopRoute,
  publishedPorts,
  type RequestOf,
  type ResponseFor,
  userOptions,
} from "@causeway/plugin-sdk";
import { addressOf } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import { macFromIpv4, randomMac, unicastMac } from "../address/mac.ts";
import type {
  EndpointInterface,
  IpamData,
  JoinAnswer,
  NetworkSpec,
  PortMapping,
} from "../contracts/driver.ts";
import type { AddressRequest, PoolRequest } from "../contracts/ipam.ts";
import { invalid } from "../errors.ts";
import { interfaceName } from "../options/interface-name.ts";
import { booleanText } from "../options/parse.ts";

type CreateNetwork = RequestOf<"NetworkDriver.CreateNetwork">;

/** Pools of an IPAM that hands out no addresses. */
const noPools = ["", "0.0.0.0/0", "::/0"];

/** Links and files are named after it. @throws invalid_id */
export function checkedId(id: string): string {
  if (/^[0-9a-z]{12,64}$/.test(id)) return id;
  throw invalid("invalid_id", `${JSON.stringify(id)} is not an id of dockerd's: 64 hexadecimal digits`, id);
}

/** Of a network: to a container that runs, its endpoints are connected without dockerd's help. */
const directConnectOption = "directConnect";

/** @throws invalid_option */
export function wantsDirectConnect({ Options }: CreateNetwork): boolean {
  const given = userOptions(Options)[directConnectOption];
  return given !== undefined && booleanText(given, `driverOptions.${directConnectOption}`);
}

/** @throws invalid_id */
export function networkSpec({ NetworkID, Options, IPv4Data, IPv6Data }: CreateNetwork): NetworkSpec {
  const id = checkedId(NetworkID);
  const { [directConnectOption]: _, ...options } = userOptions(Options);
  return {
    id,
    // dockerd does not tell it.
    name: id.slice(0, 12),
    internal: isInternal(Options),
    options,
    ipv4: ipamData(IPv4Data),
    ipv6: ipamData(IPv6Data),
  };
}

function ipamData(data: CreateNetwork["IPv4Data"]): readonly IpamData[] {
  return data
    .filter(({ Pool }) => !noPools.includes(Pool))
    .map(({ AddressSpace, Pool, Gateway, AuxAddresses }) => ({
      addressSpace: AddressSpace,
      pool: Pool,
      gateway: Gateway === "" ? undefined : Gateway,
      auxiliaryAddresses: AuxAddresses,
    }));
}

/** Docker's option of an endpoint: what its interface is to be called. @throws invalid_interface_name */
export function wantedName({ Options }: RequestOf<"NetworkDriver.CreateEndpoint">): string | undefined {
  const given = Options[labels.interfaceName];
  return given === undefined || given === "" ? undefined : interfaceName(given, labels.interfaceName);
}

export interface WantedInterface {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** Undefined: one is to be chosen. */
  readonly mac: string | undefined;
  /** It stands where a chosen one would be answered, and must not come back. */
  readonly macGiven: boolean;
}

/** @throws invalid_mac, multicast_mac */
export function wantedInterface({
  Interface,
  Options,
}: RequestOf<"NetworkDriver.CreateEndpoint">): WantedInterface {
  const given = filled(Interface?.MacAddress);
  const mac = given ?? macAddressOption(Options);
  return {
    ipv4: filled(Interface?.Address),
    ipv6: filled(Interface?.AddressIPv6),
    mac: mac === undefined ? undefined : unicastMac(mac),
    macGiven: given !== undefined,
  };
}

/** One that says the IPv4 address, so that neighbours' entries stay right when the address is used again. */
export function chosenMac(
  { ipv4 }: Pick<EndpointInterface, "ipv4">,
  isTaken: (mac: string) => boolean,
): string {
  const telling = ipv4 === undefined ? undefined : macFromIpv4(parseIp(addressOf(ipv4)));
  return telling === undefined || isTaken(telling) ? randomMac() : telling;
}

export function portMappings(options: CreateNetwork["Options"]): readonly PortMapping[] {
  return publishedPorts(options).map(({ protocol, port, hostIp, hostPort, hostPortEnd }) => ({
    protocol,
    containerPort: port,
    ...(hostIp !== "" && { hostAddress: hostIp }),
    ...(hostPort !== 0 && { hostPort, hostPortEnd }),
  }));
}

/** @param sourceName the link that dockerd moves into its sandbox; undefined where there is none to move */
export function joinResponse(
  { interface: made, gatewayIpv4, gatewayIpv6, staticRoutes }: JoinAnswer,
  sourceName: string | undefined,
): ResponseFor<"NetworkDriver.Join"> {
  return {
    ...(made !== undefined &&
      sourceName !== undefined && { InterfaceName: { SrcName: sourceName, DstPrefix: made.prefix } }),
    Gateway: gatewayIpv4 ?? "",
    GatewayIPv6: gatewayIpv6 ?? "",
    StaticRoutes: staticRoutes.map(({ destination, nextHop }) => ({
      Destination: destination,
      RouteType: nextHop === undefined ? connectedRoute : nextHopRoute,
      NextHop: nextHop ?? "",
    })),
    // A network without a way out is to have none by docker_gwbridge either.
    DisableGatewayService: true,
  };
}

export function poolRequest(
  { AddressSpace, Pool, SubPool, Options, V6 }: RequestOf<"IpamDriver.RequestPool">,
  localSpace: string,
): PoolRequest {
  return {
    addressSpace: filled(AddressSpace) ?? localSpace,
    ...(Pool !== "" && { pool: Pool }),
    ...(SubPool !== "" && { subPool: SubPool }),
    options: Options,
    v6: V6,
  };
}

export function addressRequest({
  PoolID,
  Address,
  Options,
}: RequestOf<"IpamDriver.RequestAddress">): AddressRequest {
  return { poolId: PoolID, ...(Address !== "" && { address: Address }), options: Options };
}

function filled(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
