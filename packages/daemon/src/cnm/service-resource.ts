/**
 * A service as the CNM API shows it.
 */
import type { ServiceMember as MemberOf, Service as ServiceHandle } from "@causeway/libnetwork";
import type { Service, ServiceMember } from "../api/index.ts";
import { nameOf } from "./sandbox-resource.ts";

export function serviceResource(service: ServiceHandle): Service {
  const { id, name, network, created, mode, ports, ipv4, ipv6, labels, record } = service;
  return {
    id,
    name,
    network: { id: network.id, name: network.name },
    created: created.toISOString(),
    mode,
    ...(ports !== undefined && { ports: [...ports] }),
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    drainMs: record.options.drainMs,
    labels,
    members: service.members().map(memberResource),
    remoteMembers: service.remoteMembers().map(({ endpointId, hostId, ...member }) => ({
      endpoint: endpointId,
      host: hostId,
      ...member,
    })),
  };
}

function memberResource({ endpoint, state }: MemberOf): ServiceMember {
  const { id, name, ipv4, ipv6, sandbox } = endpoint;
  return {
    endpoint: { id, name },
    state,
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    ...(sandbox !== undefined && {
      sandbox: { id: sandbox.id, containerId: sandbox.containerId, name: nameOf(sandbox) },
    }),
  };
}
