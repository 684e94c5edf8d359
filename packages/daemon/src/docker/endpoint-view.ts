/**
 * Endpoints as Docker shows them with their container, by their networks' names.
 */
import type { Endpoint } from "@causeway/libnetwork";
import type { ContainerInfo } from "../containers/contract.ts";
import type { Addresses, EndpointResource } from "./answers.ts";
import { interfaceNameLabel, sysctlsLabel } from "./endpoint-labels.ts";
import { linkTexts } from "./links.ts";

export function endpointsOf({ sandbox }: ContainerInfo): readonly Endpoint[] {
  return sandbox?.endpoints() ?? [];
}

export function networksOf(container: ContainerInfo): Readonly<Record<string, EndpointResource>> {
  return Object.fromEntries(
    endpointsOf(container).map((endpoint) => [endpoint.network.name, endpointSettings(endpoint)]),
  );
}

function endpointSettings(endpoint: Endpoint): EndpointResource {
  const { options } = endpoint.record;
  const asked = {
    ...(options.ipv4 !== undefined && { IPv4Address: options.ipv4 }),
    ...(options.ipv6 !== undefined && { IPv6Address: options.ipv6 }),
  };
  return {
    IPAMConfig: Object.keys(asked).length > 0 ? asked : null,
    Links: linkTexts(options.links),
    Aliases: endpoint.aliases.length > 0 ? [...endpoint.aliases] : null,
    DriverOpts: driverOptions(endpoint),
    GwPriority: options.gatewayPriority,
    NetworkID: endpoint.network.id,
    ...addressesOf(endpoint),
    DNSNames: endpoint.network.predefined ? null : namesOf(endpoint),
  };
}

/** What others find it by. */
function namesOf({ name, aliases, sandbox }: Endpoint): string[] {
  if (sandbox?.record.hidden === true) return [];
  const { containerId = name, record } = sandbox ?? {};
  const id = /^[0-9a-f]{64}$/.test(containerId) ? containerId.slice(0, 12) : containerId;
  return [...new Set([name, ...aliases, id, record?.options.hostname ?? name])];
}

function driverOptions({ record }: Endpoint): Readonly<Record<string, string>> | null {
  const { interfaceName, sysctls } = record.options;
  const settings = Object.entries(sysctls).map(
    ([name, value]) => `net.${name.replaceAll("/", ".")}=${value}`,
  );
  const options = {
    ...(interfaceName !== undefined && { [interfaceNameLabel]: interfaceName }),
    ...(settings.length > 0 && { [sysctlsLabel]: settings.join(",") }),
  };
  return Object.keys(options).length > 0 ? options : null;
}

/** Docker repeats those of the default network outside of Networks. */
export function addressesOf(endpoint: Endpoint | undefined): Addresses {
  const [ipv4 = "", length4 = "0"] = endpoint?.ipv4?.split("/") ?? [];
  const [ipv6 = "", length6 = "0"] = endpoint?.ipv6?.split("/") ?? [];
  const info = endpoint?.info();
  const none = endpoint?.network.type === "null" || endpoint?.network.type === "host";
  return {
    EndpointID: endpoint?.id ?? "",
    Gateway: info?.gatewayIpv4 ?? "",
    IPAddress: ipv4,
    IPPrefixLen: Number(length4),
    IPv6Gateway: info?.gatewayIpv6 ?? "",
    GlobalIPv6Address: ipv6,
    GlobalIPv6PrefixLen: Number(length6),
    MacAddress: none ? "" : (endpoint?.mac ?? ""),
  };
}
