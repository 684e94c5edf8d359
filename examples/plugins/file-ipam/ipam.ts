// The plugin: an IPAM whose pools and addresses stand in a file.

import { gatewayAddressType, type IpamDriverHandlers, requestAddressType } from "@causeway/plugin-sdk";
import { type FilePool, readAddressFile } from "./address-file.ts";
import { contains, formatAddress, parseAddress, parseSubnet } from "./addresses.ts";
import { type Lease, LeaseFile } from "./leases.ts";

/** @param addresses a file that is read with each request: it may be changed at any time */
export function fileIpam(addresses: string, leaseFile: string): IpamDriverHandlers {
  const leases = new LeaseFile(leaseFile);

  const poolNamed = (name: string): FilePool => {
    const found = readAddressFile(addresses).find(({ pool }) => pool === name);
    if (found === undefined) throw new Error(`there is no pool ${name} in ${addresses}`);
    return found;
  };

  const leaseOf = (poolId: string): Lease => {
    const lease = leases.get(poolId);
    if (lease === undefined) throw new Error(`the pool ${poolId} is not given to anybody`);
    return lease;
  };

  const isGiven = (pool: string) => leases.all().some((lease) => lease.pool === pool);

  return {
    requestPool({ Pool, SubPool, V6 }) {
      const family = V6 ? 6 : 4;
      const free = readAddressFile(addresses).find(
        ({ pool, subnet }) => subnet.family === family && !isGiven(pool),
      );
      const pool = Pool === "" ? free?.pool : poolNamed(Pool).pool;
      if (pool === undefined) throw new Error(`no IPv${family} pool of ${addresses} is free`);
      if (isGiven(pool)) throw new Error(`the pool ${pool} is given to another network`);
      if (SubPool !== "" && !contains(parseSubnet(pool), parseSubnet(SubPool)))
        throw new Error(`${SubPool} is not in ${pool}`);
      leases.set(pool, { pool, subPool: SubPool, addresses: [] });
      return { PoolID: pool, Pool: pool };
    },

    // What is released twice, or was never given, is free all the same: dockerd may have been killed in between.
    releasePool({ PoolID }) {
      if (leases.get(PoolID) !== undefined) leases.delete(PoolID);
    },

    requestAddress({ PoolID, Address, Options }) {
      const lease = leaseOf(PoolID);
      const pool = poolNamed(lease.pool);
      const isGateway = Options[requestAddressType] === gatewayAddressType;
      const address = Address === "" ? chosen(pool, lease, isGateway) : wanted(pool, lease, Address);
      leases.set(PoolID, { ...lease, addresses: [...lease.addresses, address] });
      return { Address: `${address}/${pool.subnet.length}` };
    },

    releaseAddress({ PoolID, Address }) {
      const lease = leases.get(PoolID);
      if (lease === undefined) return;
      const address = formatAddress(parseAddress(Address));
      leases.set(PoolID, { ...lease, addresses: lease.addresses.filter((held) => held !== address) });
    },
  };
}

/** The gateway, or the first address of the file that is free. */
function chosen(pool: FilePool, lease: Lease, isGateway: boolean): string {
  const range = lease.subPool === "" ? pool.subnet : parseSubnet(lease.subPool);
  const candidates = isGateway ? [pool.gateway] : pool.addresses;
  const free = candidates.find(
    (address) => !lease.addresses.includes(address) && (isGateway || contains(range, parseAddress(address))),
  );
  if (free === undefined) throw new Error(`no address of ${pool.pool} is free`);
  return free;
}

function wanted(pool: FilePool, lease: Lease, text: string): string {
  const address = formatAddress(parseAddress(text));
  if (address !== pool.gateway && !pool.addresses.includes(address))
    throw new Error(`${address} is not among the addresses of ${pool.pool}`);
  if (lease.addresses.includes(address)) throw new Error(`${address} is given to somebody else`);
  return address;
}
