/**
 * Endpoints and their published ports in the CNM API.
 */
import Type, { type Static } from "typebox";
import { Id, Labels, labelFilter, nameFilter, Opaque, pageQuery, reference, strict } from "./common.ts";
import { endpointNames, NamedPort } from "./names.ts";

const protocol = Type.Union([Type.Literal("tcp"), Type.Literal("udp"), Type.Literal("sctp")]);
const port = Type.Integer({ minimum: 1, maximum: 65535 });

export const PublishedPort = Type.Object(
  {
    protocol: Type.Optional(protocol),
    containerPort: port,
    containerPortEnd: Type.Optional(port),
    hostAddress: Type.Optional(Type.String()),
    hostPort: Type.Optional(port),
    hostPortEnd: Type.Optional(port),
  },
  { ...strict, title: "PublishedPort" },
);
export type PublishedPort = Static<typeof PublishedPort>;

/** What is left out matches any. */
export const BindingSelector = Type.Object(
  {
    protocol: Type.Optional(protocol),
    containerPort: Type.Optional(port),
    hostAddress: Type.Optional(Type.String()),
    hostPort: Type.Optional(port),
  },
  { ...strict, title: "BindingSelector" },
);
export type BindingSelector = Static<typeof BindingSelector>;

export const Binding = Type.Object(
  {
    protocol,
    containerPort: port,
    hostAddress: Type.String({ description: "`0.0.0.0` or `::` for all addresses of a family." }),
    hostPort: port,
    containerAddress: Type.String(),
  },
  { title: "Binding" },
);
export type Binding = Static<typeof Binding>;

/** The options of `network.createEndpoint`. */
export const endpointOptions = {
  ipv4: Type.Optional(Type.String()),
  ipv6: Type.Optional(Type.String()),
  mac: Type.Optional(Type.String()),
  publish: Type.Optional(Type.Array(PublishedPort, { maxItems: 4096 })),
  exposedPorts: Type.Optional(Type.Array(Type.String(), { maxItems: 4096 })),
  ...endpointNames,
  disableResolution: Type.Optional(
    Type.Boolean({ description: "Nobody answers names in its sandbox on its account." }),
  ),
  gatewayPriority: Type.Optional(Type.Integer()),
  interfaceName: Type.Optional(Type.String()),
  sysctls: Type.Optional(Type.Record(Type.String(), Type.String())),
  staticRoutes: Type.Optional(
    Type.Array(Type.Object({ destination: Type.String(), nextHop: Type.Optional(Type.String()) }, strict), {
      maxItems: 256,
    }),
  ),
  disableIpv6: Type.Optional(Type.Boolean()),
  service: Type.Optional(
    Type.Object(
      {
        name: Type.String({ description: "Of a service of the network." }),
        healthy: Type.Optional(
          Type.Boolean({ description: "False: it does not count before it is said to be. Default: true." }),
        ),
      },
      { ...strict, description: "The service that it belongs to." },
    ),
  ),
  labels: Type.Optional(Labels),
  driverOptions: Type.Optional(Opaque),
};
export const EndpointOptions = Type.Object(endpointOptions, { ...strict, title: "EndpointOptions" });

export const EndpointCreate = Type.Object(
  { name: Type.String(), ...endpointOptions },
  { ...strict, title: "EndpointCreate" },
);
export type EndpointCreate = Static<typeof EndpointCreate>;

export const Endpoint = Type.Object(
  {
    id: Id,
    name: Type.String(),
    network: Type.Object({ id: Id, name: Type.String() }),
    mac: Type.String(),
    ipv4: Type.Optional(Type.String({ description: "CIDR." })),
    ipv6: Type.Optional(Type.String({ description: "CIDR." })),
    aliases: Type.Array(Type.String()),
    links: Type.Record(Type.String(), Type.String(), {
      description: "Its sandbox's own names for others: alias to name.",
    }),
    namedPorts: Type.Array(Type.Required(NamedPort)),
    disableResolution: Type.Boolean(),
    labels: Labels,
    gatewayPriority: Type.Integer(),
    service: Type.Optional(
      Type.Object({ id: Id, name: Type.String() }, { description: "The service that it belongs to." }),
    ),
    healthy: Type.Optional(
      Type.Boolean({ description: "Of one that belongs to a service: connections are led to it." }),
    ),
    bindings: Type.Array(Binding),
    withheld: Type.Array(Binding, { description: "Host ports of its that somebody else had at the start." }),
    sandbox: Type.Optional(Type.Object({ id: Id, containerId: Type.String(), name: Type.String() })),
    interfaceName: Type.Optional(Type.String({ description: "In the sandbox." })),
    gatewayIpv4: Type.Optional(Type.String()),
    gatewayIpv6: Type.Optional(Type.String()),
    driverInfo: Opaque,
  },
  { title: "Endpoint" },
);
export type Endpoint = Static<typeof Endpoint>;

export const Join = Type.Object(
  { sandbox: Type.String({ description: "Id, container id, or unique beginning of an id." }) },
  { ...strict, title: "Join" },
);
export const EndpointHealth = Type.Object(
  { healthy: Type.Boolean({ description: "False: no new connection to its service is led to it." }) },
  { ...strict, title: "EndpointHealth" },
);
export const Publish = Type.Object({ ports: Type.Array(PublishedPort, { maxItems: 4096 }) }, strict);
export const Unpublish = Type.Object({ bindings: Type.Array(BindingSelector, { maxItems: 4096 }) }, strict);

export const Bindings = Type.Object(
  { bindings: Type.Array(Binding, { description: "All of the endpoint's." }) },
  { title: "Bindings" },
);

export const NetworkEndpointQuery = Type.Object(
  { ...pageQuery, name: nameFilter, label: labelFilter },
  strict,
);
export const EndpointQuery = Type.Object(
  {
    ...pageQuery,
    name: nameFilter,
    label: labelFilter,
    network: Type.Optional(Type.String({ description: "Id, name, or beginning of an id of a network." })),
    sandbox: Type.Optional(Type.String({ description: "Those in this sandbox." })),
  },
  strict,
);
export const EndpointDeleteQuery = Type.Object(
  { force: Type.Optional(Type.Boolean({ description: "Take it out of its sandbox first." })) },
  strict,
);
export const EndpointPath = Type.Object({ endpoint: reference });
export const NetworkEndpointPath = Type.Object({ network: reference, endpoint: reference });
