/**
 * A container as the CNM API shows it.
 */
import type { Endpoint } from "@causeway/libnetwork";
import type { Container } from "../api/index.ts";
import type { ContainerInfo } from "../containers/contract.ts";

export function containerResource(container: ContainerInfo): Container {
  const { id, name, kind, path, command, created, state, pid, exitCode, started, finished, sandbox } =
    container;
  const { removeWhenEnded, hostname, labels } = container;
  return {
    id,
    name,
    kind,
    ...(path !== undefined && { path }),
    command: [...command],
    created: created.toISOString(),
    state,
    ...(pid !== undefined && { pid }),
    ...(exitCode !== undefined && { exitCode }),
    ...(started !== undefined && { started: started.toISOString() }),
    ...(finished !== undefined && { finished: finished.toISOString() }),
    removeWhenEnded,
    ...(sandbox !== undefined && { sandbox: sandbox.id }),
    ...(sandbox?.key !== undefined && { netnsPath: sandbox.key }),
    ...(hostname !== undefined && { hostname }),
    labels: { ...labels },
    networks: sandbox?.endpoints().map(connectionResource) ?? [],
  };
}

function connectionResource(endpoint: Endpoint): Container["networks"][number] {
  const { id, network, mac, ipv4, ipv6, aliases, bindings } = endpoint;
  const { interfaceName } = endpoint.info();
  return {
    network: { id: network.id, name: network.name },
    endpoint: id,
    mac,
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    ...(interfaceName !== undefined && { interfaceName }),
    aliases: [...aliases],
    bindings: bindings.map((binding) => ({ ...binding })),
  };
}
