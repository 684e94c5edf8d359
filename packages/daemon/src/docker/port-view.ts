/**
 * Ports of a container as Docker shows them: a list for its table, maps by port for the rest.
 */
import type { Endpoint } from "@causeway/libnetwork";
import type { ContainerInfo } from "../containers/contract.ts";
import type { PortMap, PortSummary } from "./answers.ts";
import { endpointsOf } from "./endpoint-view.ts";

/** Of a list: published ports, and those that are only served. */
export function portsOf({ bindings, record }: Endpoint): readonly PortSummary[] {
  const published = bindings.map(({ hostAddress, containerPort, hostPort, protocol }) => ({
    IP: hostAddress,
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol,
  }));
  const served = record.options.exposedPorts
    .map((text) => {
      const [port = "", type = "tcp"] = text.split("/");
      return { PrivatePort: Number(port), Type: type };
    })
    .filter(
      (port) => !published.some((one) => one.PrivatePort === port.PrivatePort && one.Type === port.Type),
    );
  return [...published, ...served];
}

/** `80/tcp` to host addresses and ports, null where it is only served. */
export function portMap(container: ContainerInfo): PortMap {
  const map: PortMap = {};
  for (const endpoint of endpointsOf(container)) {
    for (const exposed of endpoint.record.options.exposedPorts) map[withType(exposed)] = null;
    const ports = Object.groupBy(endpoint.bindings, (one) => `${one.containerPort}/${one.protocol}`);
    for (const [port, bindings = []] of Object.entries(ports)) {
      map[port] = bindings.map((one) => ({ HostIp: one.hostAddress, HostPort: String(one.hostPort) }));
    }
  }
  return map;
}

export function exposedPorts(container: ContainerInfo): Readonly<Record<string, Record<never, never>>> {
  return Object.fromEntries(Object.keys(portMap(container)).map((port) => [port, {}]));
}

/** What was asked for, which the bindings are an answer to. */
export function portBindings(container: ContainerInfo): PortMap {
  const map: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const endpoint of endpointsOf(container)) {
    for (const { protocol, containerPort, hostAddress = "", hostPort } of endpoint.record.options.publish) {
      const wanted = { HostIp: hostAddress, HostPort: hostPort === undefined ? "" : String(hostPort) };
      const key = `${containerPort}/${protocol}`;
      map[key] = [...(map[key] ?? []), wanted];
    }
  }
  return map;
}

function withType(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}
