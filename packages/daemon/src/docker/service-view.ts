/**
 * A network's services as Docker shows swarm's: what `docker network inspect --verbose` asks for. Docker's own names no state of a task, ours does.
 */
import type { Network, Service } from "@causeway/libnetwork";
import type { NetworkResource } from "./answers.ts";

type ServiceInfo = NonNullable<NetworkResource["Services"]>[string];

/** Undefined where there are none: Docker leaves them out. */
export function servicesOf(network: Network): NetworkResource["Services"] | undefined {
  const services = network.services();
  if (services.length === 0) return undefined;
  return Object.fromEntries(services.map((service) => [service.name, serviceInfo(service)]));
}

function serviceInfo(service: Service): ServiceInfo {
  const { ipv4, ipv6, ports = [] } = service;
  const own = service.members().map(({ endpoint, state }) => ({
    Name: endpoint.name,
    EndpointID: endpoint.id,
    EndpointIP: withoutLength(endpoint.ipv4 ?? endpoint.ipv6),
    Info: { State: state },
  }));
  const others = service.remoteMembers().map((member) => ({
    Name: member.name ?? "",
    EndpointID: member.endpointId,
    EndpointIP: member.ipv4 ?? member.ipv6 ?? "",
    Info: { State: member.state, Host: member.hostId },
  }));
  return {
    VIP: withoutLength(ipv4 ?? ipv6),
    Ports: ports.map(({ port, targetPort }) => `Target: ${targetPort}, Publish: ${port}`),
    LocalLBIndex: 0,
    Tasks: [...own, ...others],
  };
}

function withoutLength(cidr = ""): string {
  return cidr.split("/")[0] ?? "";
}
