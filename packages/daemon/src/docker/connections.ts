/**
 * /networks/{id}/connect and /disconnect: a container goes into a network, and out of it.
 */
import {
  CausewayError,
  conflict,
  type EndpointOptions,
  forbidden,
  invalid,
  type Network,
  notFound,
  type Sandbox,
  unsupported,
} from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import type { ContainerInfo } from "../containers/contract.ts";
import { portsFor, publishElsewhere } from "../containers/ports.ts";
import type { DaemonParts } from "../parts.ts";
import type { Typed } from "../server/server.ts";
import { interfaceNameLabel, sysctlsLabel } from "./endpoint-labels.ts";
import { findContainer, findNetwork } from "./find.ts";
import { linksOf } from "./links.ts";
import { type EndpointSettings, NetworkConnect, NetworkDisconnect, Reference } from "./schemas.ts";

export function connectionRoutes({ controller, containers, log }: DaemonParts): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();

    server.post(
      "/networks/:id/connect",
      { schema: { params: Reference, body: NetworkConnect } },
      async ({ params: { id }, body }, reply) => {
        const network = findNetwork(controller, id);
        const container = findContainer(containers, body.Container);
        const sandbox = connectable(network, container);
        const options = endpointOptions(network, body.EndpointConfig ?? {});
        refuseTwice(network, container.name, sandbox);
        const publish = portsFor(network, sandbox);
        await network.connect(sandbox, container.name, { ...options, publish }).catch((error: unknown) => {
          throw inDockersWords(error);
        });
        return reply.send();
      },
    );

    server.post(
      "/networks/:id/disconnect",
      { schema: { params: Reference, body: NetworkDisconnect } },
      async ({ params: { id }, body }, reply) => {
        const network = findNetwork(controller, id);
        const force = body.Force ?? false;
        const reference = body.Container ?? "";
        const container = force ? containers.find(reference) : findContainer(containers, reference);
        if (container === undefined) {
          const endpoint = network.endpointByName(reference);
          if (endpoint === undefined)
            throw notFound("endpoint_not_found", `endpoint ${reference} not found`, reference);
          await endpoint.delete({ force: true });
          return reply.send();
        }
        if (network.type === "host" && container.sandbox?.usesHostNetwork === true) throw hostNetwork();
        const { sandbox } = container;
        const endpoint = network.endpoints().find((one) => one.sandbox?.id === sandbox?.id);
        if (sandbox === undefined || endpoint === undefined) {
          const message = `container ${container.id} is not connected to network ${network.name}`;
          throw forbidden("endpoint_not_joined", message);
        }
        await endpoint.delete({ force: true });
        await publishElsewhere(sandbox, log);
        return reply.send();
      },
    );
  };
}

function inDockersWords(error: unknown): unknown {
  if (!(error instanceof CausewayError) || error.code !== "address_out_of_range") return error;
  const { detail } = error;
  if (typeof detail !== "object" || detail === null || !("address" in detail)) return error;
  const message = `Invalid address ${detail.address}: It does not belong to any of this network's subnets`;
  return invalid(error.code, message, detail);
}

function hostNetwork(): Error {
  return invalid(
    "sandbox_of_host",
    "container cannot be disconnected from host network or connected to host network",
  );
}

/** @throws where Docker refuses to put the container into the network */
function connectable(network: Network, { id, sandbox }: ContainerInfo): Sandbox {
  if (sandbox === undefined) throw conflict("container_not_running", `container ${id} is not running`, id);
  if (network.type === "host") throw hostNetwork();
  if (sandbox.usesHostNetwork || sandbox.sharedWith !== undefined) {
    const message =
      "container sharing network namespace with another container or host cannot be connected to any other network";
    throw invalid("sandbox_shared", message);
  }
  const networks = sandbox.endpoints().map((endpoint) => endpoint.network);
  if ((network.type === "null" && networks.length > 0) || networks.some(({ type }) => type === "null")) {
    const message =
      "container cannot be connected to multiple networks with one of the networks in private (none) mode";
    throw invalid("network_is_private", message);
  }
  return sandbox;
}

/** @throws endpoint_name_in_use */
function refuseTwice(network: Network, name: string, sandbox: Sandbox): void {
  const isThere = sandbox.endpoints().some((endpoint) => endpoint.network.id === network.id);
  if (!isThere && network.endpointByName(name) === undefined) return;
  const message = `endpoint with name ${name} already exists in network ${network.name}`;
  throw forbidden("endpoint_name_in_use", message, name);
}

function endpointOptions(network: Network, given: EndpointSettings): EndpointOptions {
  const { IPAMConfig = {}, Aliases = [], Links = [], MacAddress, DriverOpts = {}, GwPriority } = given;
  const { IPv4Address = "", IPv6Address = "", LinkLocalIPs = [] } = IPAMConfig;
  if (LinkLocalIPs.length > 0) {
    throw unsupported(
      "link_local_not_supported",
      `link-local addresses (${LinkLocalIPs.join(", ")}) are not supported: leave them out`,
    );
  }
  if (Aliases.length > 0 && network.predefined) {
    throw invalid(
      "invalid_option",
      "network-scoped alias is supported only for containers in user defined networks",
    );
  }
  refuseAddresses(network, [IPv4Address, IPv6Address]);
  const { [sysctlsLabel]: sysctls, [interfaceNameLabel]: interfaceName, ...driverOptions } = DriverOpts;
  return {
    ...(IPv4Address !== "" && { ipv4: IPv4Address }),
    ...(IPv6Address !== "" && { ipv6: IPv6Address }),
    ...(MacAddress !== undefined && MacAddress !== "" && { mac: MacAddress }),
    ...(GwPriority !== undefined && { gatewayPriority: GwPriority }),
    ...(interfaceName !== undefined && { interfaceName }),
    ...(sysctls !== undefined && { sysctls: sysctlsOf(sysctls) }),
    aliases: [...new Set(Aliases)],
    links: linksOf(Links),
    driverOptions,
  };
}

/** Addresses are the user's to give where the subnets were. */
function refuseAddresses(network: Network, addresses: readonly string[]): void {
  const given = addresses.filter((address) => address !== "");
  if (given.length === 0) return;
  if (network.predefined) {
    throw invalid("invalid_option", "user specified IP address is supported on user defined networks only");
  }
  const subnets = network.ipamConfig.flatMap(({ subnet }) => subnet ?? []);
  for (const address of given) {
    if (subnets.some((subnet) => subnet.includes(":") === address.includes(":"))) continue;
    throw invalid(
      "invalid_option",
      "user specified IP address is supported only when connecting to networks with user configured subnets",
    );
  }
}

/**
 * `net.ipv4.conf.IFNAME.log_martians=1,net.ipv4...`
 *
 * @throws invalid_sysctl
 */
function sysctlsOf(text: string): Readonly<Record<string, string>> {
  const entries = text.split(",").map((setting) => {
    const [name = "", value] = setting.split("=");
    if (value === undefined) {
      const message = `${sysctlsLabel}: "${setting}" is not a setting: write NAME=VALUE, several with commas between`;
      throw invalid("invalid_sysctl", message, setting);
    }
    return [name, value];
  });
  return Object.fromEntries(entries);
}
