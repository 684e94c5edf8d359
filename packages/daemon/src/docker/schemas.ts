/**
 * What requests of Docker's API carry, as schemas. Every field may be absent or null; titles are the names of Go's structs, which its
 * messages tell (`go-json.ts`).
 */
import Type, { type Static } from "typebox";

const text = Type.Optional(Type.String());
const flag = Type.Optional(Type.Boolean());
const texts = Type.Optional(Type.Array(Type.String()));
const textByName = Type.Optional(Type.Record(Type.String(), Type.String()));

const IPAMConfig = Type.Object(
  { Subnet: text, IPRange: text, Gateway: text, AuxiliaryAddresses: textByName },
  { title: "IPAMConfig" },
);

const IPAM = Type.Object(
  { Driver: text, Options: textByName, Config: Type.Optional(Type.Array(IPAMConfig)) },
  { title: "IPAM" },
);

export const NetworkCreateRequest = Type.Object(
  {
    Name: text,
    CheckDuplicate: Type.Optional(Type.Boolean({ description: "Ignored: a name is given once." })),
    Driver: text,
    Scope: text,
    EnableIPv4: flag,
    EnableIPv6: flag,
    IPAM: Type.Optional(IPAM),
    Internal: flag,
    Attachable: flag,
    Ingress: flag,
    ConfigOnly: flag,
    ConfigFrom: Type.Optional(Type.Object({ Network: text }, { title: "ConfigReference" })),
    Options: textByName,
    Labels: textByName,
  },
  { title: "NetworkCreateRequest" },
);
export type NetworkCreateRequest = Static<typeof NetworkCreateRequest>;

export const EndpointSettings = Type.Object(
  {
    IPAMConfig: Type.Optional(
      Type.Object(
        { IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts },
        { title: "EndpointIPAMConfig" },
      ),
    ),
    Links: texts,
    Aliases: texts,
    MacAddress: text,
    DriverOpts: textByName,
    GwPriority: Type.Optional(Type.Integer()),
  },
  { title: "EndpointSettings" },
);
export type EndpointSettings = Static<typeof EndpointSettings>;

export const NetworkConnect = Type.Object(
  { Container: text, EndpointConfig: Type.Optional(EndpointSettings) },
  { title: "NetworkConnect" },
);

export const NetworkDisconnect = Type.Object(
  { Container: text, Force: flag },
  { title: "NetworkDisconnect" },
);

export const Reference = Type.Object({ id: Type.String() });

/** Queries come as texts; of several of a name the first counts. */
export const FiltersQuery = Type.Object({ filters: text });
export const InspectQuery = Type.Object({ verbose: text, scope: text });
export const EventsQuery = Type.Object({ since: text, until: text, filters: text });
export const ContainersQuery = Type.Object({ all: text, limit: text, size: text, filters: text });
export const ContainerQuery = Type.Object({ size: text });

export const Message = Type.Object({ message: Type.String() }, { title: "ErrorResponse" });
