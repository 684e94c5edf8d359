/**
 * Services in the CNM API: several endpoints of a network behind one name and an address.
 */
import Type, { type Static } from "typebox";
import { Id, Labels, labelFilter, nameFilter, pageQuery, reference, strict } from "./common.ts";

const protocol = Type.Union([Type.Literal("tcp"), Type.Literal("udp")]);
const port = Type.Integer({ minimum: 1, maximum: 65535 });

const mode = Type.Union([Type.Literal("vip"), Type.Literal("dnsrr")], {
  description: "`vip`: an address of its own. `dnsrr`: its name has the members' addresses.",
});

export const ServicePort = Type.Object(
  {
    protocol,
    port: { ...port, description: "Of the service's address." },
    targetPort: { ...port, description: "The members' that it leads to." },
    hostPort: Type.Optional({ ...port, description: "Of every host of the cluster, that leads there." }),
  },
  { title: "ServicePort" },
);
export type ServicePort = Static<typeof ServicePort>;

/** The options of `network.createService`, with the name beside them. */
export const ServiceCreate = Type.Object(
  {
    name: Type.String({ description: "As it is asked for in the network." }),
    mode: Type.Optional({ ...mode, description: "Default: vip." }),
    ports: Type.Optional(
      Type.Array(
        Type.Object(
          {
            protocol: Type.Optional(protocol),
            port,
            targetPort: Type.Optional({ ...port, description: "Default: the same." }),
            hostPort: Type.Optional({
              ...port,
              description: "Of every host of the cluster, where hosts share the network. Default: none.",
            }),
          },
          strict,
        ),
        { maxItems: 4096, description: "Others are refused. Default: every port, each to the same one." },
      ),
    ),
    ipv4: Type.Optional(Type.String({ description: "Its address. Default: the next free one." })),
    ipv6: Type.Optional(Type.String()),
    drainMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3_600_000,
        description: "How long a member that leaves keeps the connections that it has. Default: 0.",
      }),
    ),
    labels: Type.Optional(Labels),
  },
  { ...strict, title: "ServiceCreate" },
);
export type ServiceCreate = Static<typeof ServiceCreate>;

const state = Type.Union(
  [Type.Literal("serving"), Type.Literal("unhealthy"), Type.Literal("hidden"), Type.Literal("away")],
  { description: "New connections are led to those that are `serving`." },
);

export const ServiceMember = Type.Object(
  {
    endpoint: Type.Object({ id: Id, name: Type.String() }),
    state,
    ipv4: Type.Optional(Type.String({ description: "CIDR." })),
    ipv6: Type.Optional(Type.String({ description: "CIDR." })),
    sandbox: Type.Optional(Type.Object({ id: Id, containerId: Type.String(), name: Type.String() })),
  },
  { title: "ServiceMember" },
);
export type ServiceMember = Static<typeof ServiceMember>;

export const RemoteMember = Type.Object(
  {
    endpoint: Type.String({ description: "Its id." }),
    host: Type.String({ description: "Id of the host that has it." }),
    name: Type.Optional(
      Type.String({ description: "What its address is called. Absent where nobody finds it by a name." }),
    ),
    state,
    ipv4: Type.Optional(Type.String({ description: "Without prefix length." })),
    ipv6: Type.Optional(Type.String({ description: "Without prefix length." })),
  },
  { title: "RemoteMember" },
);
export type RemoteMember = Static<typeof RemoteMember>;

export const Service = Type.Object(
  {
    id: Id,
    name: Type.String(),
    network: Type.Object({ id: Id, name: Type.String() }),
    created: Type.String({ format: "date-time" }),
    mode,
    ports: Type.Optional(
      Type.Array(ServicePort, { description: "Absent: every port, each to the same one of the members'." }),
    ),
    ipv4: Type.Optional(Type.String({ description: "CIDR. Absent in mode dnsrr." })),
    ipv6: Type.Optional(Type.String({ description: "CIDR." })),
    drainMs: Type.Integer(),
    labels: Labels,
    members: Type.Array(ServiceMember, { description: "The endpoints of this host that belong to it." }),
    remoteMembers: Type.Array(RemoteMember, {
      description:
        "Those of other hosts, in a network that hosts share: none is known while this host has no endpoint in it.",
    }),
  },
  { title: "Service" },
);
export type Service = Static<typeof Service>;

const filters = { name: nameFilter, label: labelFilter };
export const NetworkServiceQuery = Type.Object({ ...pageQuery, ...filters }, strict);
export const ServiceQuery = Type.Object(
  {
    ...pageQuery,
    ...filters,
    network: Type.Optional(Type.String({ description: "Id, name, or beginning of an id of a network." })),
  },
  strict,
);
export const ServicePath = Type.Object({ service: reference });
export const NetworkServicePath = Type.Object({ network: reference, service: reference });
