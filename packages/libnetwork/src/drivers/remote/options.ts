/**
 * What a plugin is told besides ids and addresses: the labels and forms of libnetwork/netlabel, as dockerd was recorded to write them.
 */
import {
  type ExposedPort,
  labels,
  macAddressAsBytes,
  type ProtocolName,
  portOptions,
} from "@causeway/plugin-sdk";
import type { DriverOptions, EndpointSpec, IpamData, NetworkSpec } from "../../contracts/driver.ts";
import { invalid } from "../../errors.ts";

type WireOptions = Readonly<Record<string, unknown>>;

/**
 * What the user gave with `-o`: text, as in Docker; numbers and booleans are written as text.
 *
 * @throws invalid_option for a value that is no text
 */
export function optionsAsText(options: DriverOptions): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      if (typeof value === "string") return [name, value];
      if (typeof value === "number" || typeof value === "boolean") return [name, String(value)];
      throw invalid(
        "invalid_option",
        `driverOptions.${name}: a plugin's options are text, and this is ${JSON.stringify(value)}: write it as text`,
        { option: `driverOptions.${name}` },
      );
    }),
  );
}

export function networkOptions({ internal, options, ipv6 }: NetworkSpec): WireOptions {
  return {
    [labels.enableIpv6]: ipv6.length > 0,
    [labels.generic]: optionsAsText(options),
    ...(internal && { [labels.internal]: true }),
  };
}

/** An IPAM that hands out no addresses has the pool `0.0.0.0/0`, and no gateway. */
export function ipamDataOnWire(data: readonly IpamData[], everything: string) {
  return data.map(({ addressSpace, pool, gateway, auxiliaryAddresses }) => ({
    AddressSpace: addressSpace,
    Pool: pool === "" ? everything : pool,
    ...(gateway !== undefined && { Gateway: gateway }),
    ...(Object.keys(auxiliaryAddresses).length > 0 && { AuxAddresses: auxiliaryAddresses }),
  }));
}

/** Of CreateEndpoint: the user's own beside the labels, as dockerd merges them. */
export function endpointOptions(spec: EndpointSpec): WireOptions {
  const { options, macChosen, interface: addresses } = spec;
  return {
    ...options,
    ...endpointPorts(spec),
    ...(macChosen && { [labels.macAddress]: macAddressAsBytes(addresses.mac) }),
  };
}

/** Of Join and ProgramExternalConnectivity. What is published is exposed. */
export function endpointPorts({
  exposedPorts,
  publish,
}: Pick<EndpointSpec, "exposedPorts" | "publish">): WireOptions {
  const published = publish.map(
    ({ protocol, containerPort, hostAddress = "", hostPort = 0, hostPortEnd }) => ({
      protocol,
      port: containerPort,
      hostIp: hostAddress,
      hostPort,
      hostPortEnd: hostPortEnd ?? hostPort,
    }),
  );
  const exposed = new Map(
    [...published, ...exposedPorts.flatMap(portsIn)].map(({ protocol, port }) => [
      `${port}/${protocol}`,
      { protocol, port },
    ]),
  );
  return portOptions([...exposed.values()], published);
}

/** `80`, `80/tcp`, `8000-8002/udp`; what is no port is for people to read, and is left out. */
function portsIn(text: string): readonly ExposedPort[] {
  const [, first = "", last = first, protocol = "tcp"] =
    text.match(/^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/) ?? [];
  if (first === "") return [];
  const count = Math.min(Math.max(Number(last) - Number(first), 0), 65535) + 1;
  return Array.from({ length: count }, (_, at) => ({
    protocol: protocol as ProtocolName,
    port: Number(first) + at,
  }));
}
