/**
 * NetworkDriver: moby's libnetwork/drivers/remote/api. Field names are those on the wire. Addresses are text; an empty one is none.
 */
import Type from "typebox";

const NetworkID = Type.String({
  minLength: 1,
  description: "The network's id: from dockerd 64 hexadecimal digits. The plugin keeps it.",
});
const EndpointID = Type.String({ minLength: 1, description: "The endpoint's id, of the same form." });

const Options = Type.Record(Type.String(), Type.Unknown(), {
  description:
    "By label. What the user gave with `-o` stands, as text, under `com.docker.network.generic`; for the others see the table of labels.",
});

const TextOptions = Type.Record(Type.String(), Type.String(), {
  description: "By label, text only.",
});

const IpamData = Type.Object(
  {
    AddressSpace: Type.String({ description: "The IPAM's name for where the pool is from: `LocalDefault`." }),
    Pool: Type.String({ description: "CIDR: `10.50.0.0/24`; `0.0.0.0/0` from the null IPAM." }),
    Gateway: Type.String({
      description: "CIDR of the gateway's address: `10.50.0.1/24`; empty from an IPAM that hands out none.",
    }),
    AuxAddresses: Type.Record(Type.String(), Type.String(), {
      description: "Addresses that are set aside, as CIDR, by name: `--aux-address`.",
    }),
  },
  { description: "What the IPAM gave the network, for one subnet." },
);

const networkFields = {
  NetworkID,
  Options,
  IPv4Data: Type.Array(IpamData, { description: "One for each IPv4 subnet." }),
  IPv6Data: Type.Array(IpamData, { description: "One for each IPv6 subnet." }),
};

const endpointFields = { NetworkID, EndpointID };

const EndpointInterface = Type.Object({
  Address: Type.String({ description: "IPv4 as CIDR: `10.50.0.2/24`; empty for none." }),
  AddressIPv6: Type.String({ description: "IPv6 as CIDR; empty for none." }),
  MacAddress: Type.String({
    description: "`02:42:0a:32:00:02`; empty where the driver is to choose.",
  }),
});

export const GetCapabilitiesResponse = Type.Object({
  Scope: Type.String({
    description:
      "`local`: networks of this machine; `global`: of a whole swarm. Anything else refuses the driver.",
  }),
  ConnectivityScope: Type.String({
    description: "How far containers of a network reach each other: `local` or `global`. Empty: Scope.",
  }),
  GwAllocChecker: Type.Boolean({ description: "The driver wants to be asked GwAllocCheck." }),
});

export const GwAllocCheckRequest = Type.Object({ Options });
export const GwAllocCheckResponse = Type.Object({
  SkipIPv4: Type.Boolean({ description: "The network needs no IPv4 gateway address: none is allocated." }),
  SkipIPv6: Type.Boolean({ description: "The network needs no IPv6 gateway address." }),
});

export const AllocateNetworkRequest = Type.Object({ ...networkFields, Options: TextOptions });
export const AllocateNetworkResponse = Type.Object({ Options: TextOptions });
export const FreeNetworkRequest = Type.Object({ NetworkID });

export const CreateNetworkRequest = Type.Object(networkFields);
export const DeleteNetworkRequest = Type.Object({ NetworkID });

export const CreateEndpointRequest = Type.Object({
  ...endpointFields,
  Interface: Type.Optional(EndpointInterface),
  Options,
});
export const CreateEndpointResponse = Type.Object({
  Interface: Type.Optional(
    Type.Object(EndpointInterface.properties, {
      description:
        "What the driver chose, of what was not given. A value that was given must not come back, not even the same.",
    }),
  ),
});

export const EndpointRequest = Type.Object(endpointFields);
export const EndpointOperInfoResponse = Type.Object({
  Value: Type.Record(Type.String(), Type.Unknown(), {
    description: "What `docker inspect` shows of the endpoint.",
  }),
});

export const JoinRequest = Type.Object({
  ...endpointFields,
  SandboxKey: Type.String({ description: "Path of the container's network namespace." }),
  Options,
});
/** StaticRoute.RouteType */
export const nextHopRoute = 0;
export const connectedRoute = 1;

const StaticRoute = Type.Object({
  Destination: Type.String({ description: "CIDR." }),
  RouteType: Type.Integer({ description: "0: by NextHop; 1: on the link, without one." }),
  NextHop: Type.String({ description: "An address without prefix length; empty for type 1." }),
});
export const JoinResponse = Type.Object({
  InterfaceName: Type.Optional(
    Type.Object({
      SrcName: Type.String({
        description: "The link that the plugin made on the host: it is moved into the sandbox.",
      }),
      DstPrefix: Type.String({ description: "What it is called there, before a number: `eth`." }),
    }),
  ),
  Gateway: Type.String({
    description: "IPv4 address of the default route, without prefix length; empty for none.",
  }),
  GatewayIPv6: Type.String({ description: "The same for IPv6." }),
  StaticRoutes: Type.Array(StaticRoute, { description: "Further routes of the sandbox." }),
  DisableGatewayService: Type.Boolean({
    description: "Without gateway and default route, the sandbox is not put on docker_gwbridge either.",
  }),
});

export const ExternalConnectivityRequest = Type.Object({ ...endpointFields, Options });

/** DiscoveryType: a node of the cluster. dockerd sends no other to plugins. */
export const nodeDiscovery = 1;
export const DiscoveryRequest = Type.Object({
  DiscoveryType: Type.Integer({ description: "1: a node." }),
  DiscoveryData: Type.Object({
    Address: Type.String({ description: "The node's address." }),
    Self: Type.Boolean({ description: "It is this machine." }),
  }),
});
