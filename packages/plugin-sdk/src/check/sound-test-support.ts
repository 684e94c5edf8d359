/**
 * For tests: a network driver and an IPAM that keep every clause, for others to break one of.
 */
import { BlockList, isIP } from "node:net";
import { isCidr } from "../client/index.ts";
import type { IpamDriverHandlers, NetworkDriverHandlers } from "../server/index.ts";

/** Every handler is there, so that a test can call the sound one from a broken one. */
export type SoundDriver = Required<NetworkDriverHandlers>;

export function soundDriver(): SoundDriver {
  const networks = new Map<string, Set<string>>();
  const endpointsOf = (id: string) => {
    const endpoints = networks.get(id);
    if (endpoints === undefined) throw new Error(`no network ${id}`);
    return endpoints;
  };
  const known = ({ NetworkID, EndpointID }: { readonly NetworkID: string; readonly EndpointID: string }) => {
    if (!endpointsOf(NetworkID).has(EndpointID)) throw new Error(`no endpoint ${EndpointID}`);
  };
  return {
    getCapabilities: () => ({ Scope: "local", GwAllocChecker: true }),
    allocateNetwork: () => ({ Options: {} }),
    freeNetwork() {},
    gwAllocCheck: () => ({ SkipIPv4: false }),
    createNetwork({ NetworkID }) {
      if (networks.has(NetworkID)) throw new Error("it is there");
      networks.set(NetworkID, new Set());
    },
    deleteNetwork({ NetworkID }) {
      if (endpointsOf(NetworkID).size > 0) throw new Error("it has endpoints");
      networks.delete(NetworkID);
    },
    createEndpoint({ NetworkID, EndpointID, Interface }) {
      endpointsOf(NetworkID).add(EndpointID);
      return Interface?.MacAddress ? {} : { Interface: { MacAddress: "02:42:0a:00:00:01" } };
    },
    deleteEndpoint({ NetworkID, EndpointID }) {
      if (!endpointsOf(NetworkID).delete(EndpointID)) throw new Error(`no endpoint ${EndpointID}`);
    },
    endpointOperInfo: () => ({ Value: { driver: "sound" } }),
    join(request) {
      known(request);
      return {
        InterfaceName: { SrcName: `t${request.EndpointID.slice(0, 10)}`, DstPrefix: "eth" },
        Gateway: "10.211.0.1",
        StaticRoutes: [
          { Destination: "10.99.0.0/16", RouteType: 0, NextHop: "10.211.0.9" },
          { Destination: "10.98.0.0/16", RouteType: 1, NextHop: "" },
        ],
      };
    },
    leave: known,
    programExternalConnectivity: known,
    revokeExternalConnectivity: known,
    discoverNew() {},
    discoverDelete() {},
  };
}

interface HeldPool {
  readonly subnet: string;
  readonly subPool: string;
  readonly held: Set<string>;
}

export type SoundIpam = Required<IpamDriverHandlers>;

/** Of /24s in 10.0.0.0/8, and one /64. */
export function soundIpam({ replays = true, mac = true } = {}): SoundIpam {
  const pools = new Map<string, HeldPool>();
  const poolOf = (id: string) => {
    const pool = pools.get(id);
    if (pool === undefined) throw new Error(`no pool ${id}`);
    return pool;
  };
  return {
    getCapabilities: () => ({ RequiresMACAddress: mac, RequiresRequestReplay: replays }),
    getDefaultAddressSpaces: () => ({ LocalDefaultAddressSpace: "l", GlobalDefaultAddressSpace: "g" }),
    requestPool({ AddressSpace, Pool, SubPool, V6 }) {
      const subnet = Pool || (V6 ? "fd00:1::/64" : "10.201.0.0/24");
      if (!isCidr(subnet)) throw new Error(`${subnet} is no pool`);
      if (SubPool !== "" && !contains(subnet, SubPool.split("/", 1)[0] ?? ""))
        throw new Error(`${SubPool} is not in ${subnet}`);
      const PoolID = `${AddressSpace}/${subnet}`;
      if (pools.has(PoolID) && !replays) throw new Error("taken");
      if (!pools.has(PoolID)) pools.set(PoolID, { subnet, subPool: SubPool || subnet, held: new Set() });
      return { PoolID, Pool: subnet };
    },
    releasePool({ PoolID }) {
      if (poolOf(PoolID).held.size > 0) throw new Error("it has addresses");
      pools.delete(PoolID);
    },
    requestAddress({ PoolID, Address, Options }) {
      const { subnet, subPool, held } = poolOf(PoolID);
      const [prefix = "", length = ""] = subnet.split(/(?:\.0|:)\//);
      const separator = subnet.includes(":") ? ":" : ".";
      const gateway = Options.RequestAddressType !== undefined;
      const free = Array.from({ length: 250 }, (_, index) => `${prefix}${separator}${index + 1}`).find(
        (candidate) => !held.has(candidate) && contains(subPool, candidate),
      );
      const address = Address || (free ?? "");
      if (isIP(address) === 0 || !contains(subnet, address))
        throw new Error(`${address} is not in ${subnet}`);
      if (held.has(address) && !(gateway && replays)) throw new Error(`${address} is held`);
      held.add(address);
      return { Address: `${address}/${length}` };
    },
    releaseAddress({ PoolID, Address }) {
      if (!poolOf(PoolID).held.delete(Address)) throw new Error(`${Address} is free`);
    },
  };
}

function contains(subnet: string, address: string): boolean {
  const [network = "", length = ""] = subnet.split("/");
  const list = new BlockList();
  list.addSubnet(network, Number(length), network.includes(":") ? "ipv6" : "ipv4");
  return list.check(address, address.includes(":") ? "ipv6" : "ipv4");
}
