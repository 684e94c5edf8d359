/**
 * What Docker puts into `Options`, read and written: labels of moby's libnetwork/netlabel, and values in the forms that Go gives them.
 */

type Options = Readonly<Record<string, unknown>>;

/** Labels that dockerd was recorded to send. */
export const labels = {
  /** CreateNetwork: what the user gave with `-o`, as an object of text. */
  generic: "com.docker.network.generic",
  /** CreateNetwork: the network has IPv6. */
  enableIpv6: "com.docker.network.enable_ipv6",
  /** CreateNetwork: `--internal`. Absent where it is not. */
  internal: "com.docker.network.internal",
  /** CreateEndpoint, Join, ProgramExternalConnectivity: ports that the container exposes. */
  exposedPorts: "com.docker.network.endpoint.exposedports",
  /** The same: ports that are published. */
  portMap: "com.docker.network.portmap",
  /** CreateEndpoint: `--mac-address`, base64 of its six bytes. IPAM RequestAddress: a MAC as text. */
  macAddress: "com.docker.network.endpoint.macaddress",
  /** CreateEndpoint: what the interface is to be called in the sandbox. */
  interfaceName: "com.docker.network.endpoint.ifname",
} as const;

/** IPAM RequestAddress: under this label stands what the address is for. */
export const requestAddressType = "RequestAddressType";
/** ... a gateway. */
export const gatewayAddressType = "com.docker.network.gateway";

const protocolNames = ["tcp", "udp", "sctp"] as const;
export type ProtocolName = (typeof protocolNames)[number];

export interface ExposedPort {
  readonly protocol: ProtocolName;
  readonly port: number;
}

export interface PublishedPort extends ExposedPort {
  /** Empty: every address of the host. */
  readonly hostIp: string;
  /** 0: any free one. */
  readonly hostPort: number;
  /** Last of the range; `hostPort` where it is one port. */
  readonly hostPortEnd: number;
}

/** What the user gave with `-o`; empty where nothing was. */
export function userOptions(options: Options): Readonly<Record<string, string>> {
  const generic = options[labels.generic];
  if (!isObject(generic)) return {};
  return Object.fromEntries(Object.entries(generic).map(([name, value]) => [name, String(value)]));
}

/** The network has IPv6. */
export function hasIpv6(options: Options): boolean {
  return options[labels.enableIpv6] === true;
}

export function isInternal(options: Options): boolean {
  return options[labels.internal] === true;
}

/** Ports that are exposed; entries that are none are left out. */
export function exposedPorts(options: Options): readonly ExposedPort[] {
  return entries(options[labels.exposedPorts]).flatMap((entry) => {
    const protocol = protocolName(entry.Proto);
    return protocol === undefined ? [] : [{ protocol, port: numberOf(entry.Port) }];
  });
}

/** Ports that are published; entries that are none are left out. */
export function publishedPorts(options: Options): readonly PublishedPort[] {
  return entries(options[labels.portMap]).flatMap((entry) => {
    const protocol = protocolName(entry.Proto);
    if (protocol === undefined) return [];
    const hostPort = numberOf(entry.HostPort);
    return [
      {
        protocol,
        port: numberOf(entry.Port),
        hostIp: typeof entry.HostIP === "string" ? entry.HostIP : "",
        hostPort,
        hostPortEnd: numberOf(entry.HostPortEnd) || hostPort,
      },
    ];
  });
}

/** Ports as dockerd writes them into the `Options` of CreateEndpoint, Join and ProgramExternalConnectivity. */
export function portOptions(
  exposed: readonly ExposedPort[],
  published: readonly PublishedPort[],
): Readonly<Record<string, unknown>> {
  return {
    [labels.exposedPorts]: exposed.map(({ protocol, port }) => ({
      Proto: protocolNumbers[protocol],
      Port: port,
    })),
    [labels.portMap]: published.map(({ protocol, port, hostIp, hostPort, hostPortEnd }) => ({
      Proto: protocolNumbers[protocol],
      IP: "",
      Port: port,
      HostIP: hostIp,
      HostPort: hostPort,
      HostPortEnd: hostPortEnd,
    })),
  };
}

/** The MAC that the user asks for, as `02:11:22:33:44:55`; from base64, as Go writes bytes, or from text. */
export function macAddressOption(options: Options): string | undefined {
  const value = options[labels.macAddress];
  if (typeof value !== "string" || value === "") return undefined;
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value)) return value.toLowerCase();
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== 6) return undefined;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** A MAC as Go writes it into `Options`: base64 of its bytes. */
export function macAddressAsBytes(mac: string): string {
  return Buffer.from(mac.replaceAll(":", ""), "hex").toString("base64");
}

/** IP protocol numbers, as Go's types.Protocol is written. */
const protocolNumbers: Readonly<Record<ProtocolName, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** A name is understood too. */
function protocolName(value: unknown): ProtocolName | undefined {
  const text = String(value).toLowerCase();
  return protocolNames.find((name) => name === text || String(protocolNumbers[name]) === text);
}

function entries(value: unknown): readonly Options[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function isObject(value: unknown): value is Options {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
