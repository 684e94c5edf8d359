/**
 * IpamDriver: moby's libnetwork/ipams/remote/api. Field names are those on the wire.
 */
import Type from "typebox";

const PoolID = Type.String({
  minLength: 1,
  description: "The plugin's name for the pool, from its answer to RequestPool. Opaque, kept over restarts.",
});

const Options = Type.Record(Type.String(), Type.String(), {
  description: "By label, text only: `--ipam-opt`, and what Docker adds (RequestAddressType, a MAC).",
});
const Data = Type.Record(Type.String(), Type.String(), {
  description:
    "Anything that the plugin wants to say: Docker keeps it, and `com.docker.network.gateway` here names another gateway.",
});

export const GetIpamCapabilitiesResponse = Type.Object({
  RequiresMACAddress: Type.Boolean({
    description:
      "RequestAddress shall carry the endpoint's MAC, under `com.docker.network.endpoint.macaddress`.",
  }),
  RequiresRequestReplay: Type.Boolean({
    description: "Pools and gateways are asked for anew, by their values, whenever dockerd has started.",
  }),
});

export const GetDefaultAddressSpacesResponse = Type.Object({
  LocalDefaultAddressSpace: Type.String({ description: "For networks of this machine." }),
  GlobalDefaultAddressSpace: Type.String({ description: "For networks of a swarm." }),
});

export const RequestPoolRequest = Type.Object({
  AddressSpace: Type.String(),
  Pool: Type.String({ description: "CIDR: `--subnet`; empty for any that is free." }),
  SubPool: Type.String({ description: "CIDR in the pool, from which addresses are chosen: `--ip-range`." }),
  Options,
  V6: Type.Boolean({ description: "An IPv6 pool is wanted." }),
});
export const RequestPoolResponse = Type.Object({
  PoolID: Type.String({ description: "The plugin's name for the pool in later calls." }),
  Pool: Type.String({ description: "CIDR of the pool." }),
  Data,
});
export const ReleasePoolRequest = Type.Object({ PoolID });

export const RequestAddressRequest = Type.Object({
  PoolID,
  Address: Type.String({ description: "The address that is wanted, without prefix length; empty for any." }),
  Options,
});
export const RequestAddressResponse = Type.Object({
  Address: Type.String({ description: "The address with the pool's prefix length: `10.77.0.10/24`." }),
  Data,
});
export const ReleaseAddressRequest = Type.Object({
  PoolID,
  Address: Type.String({ minLength: 1, description: "Without prefix length." }),
});
