/**
 * A network's dealings with its IPAM: pools, gateways, auxiliary addresses, and the addresses of endpoints.
 */
import { addressOf, parseCidr } from "../address/cidr.ts";
import { familyOf, parseIp } from "../address/ip.ts";
import type { Driver, EndpointInterface, IpamData } from "../contracts/driver.ts";
import {
  type AddressRequest,
  type AllocationOwner,
  gatewayAddressType,
  type Ipam,
  replayedAddressType,
  requestAddressType,
} from "../contracts/ipam.ts";
import { invalid } from "../errors.ts";
import { type HolderOf, holderIn, holderOn, refuseAnother, refuseGivenTwice } from "./address-holders.ts";
import { given, type Undertaking } from "./intents/asking.ts";
import type { Step } from "./intents/step.ts";
import type { NetworkCore } from "./network-core.ts";
import { type CheckedNetworkOptions, type IpamConfig, ipamConfigOf } from "./network-options.ts";
import type { PoolRecord } from "./records.ts";

const macAddressOption = "com.docker.network.endpoint.macaddress";
const gatewayOptions = { [requestAddressType]: gatewayAddressType };

interface Claim extends AddressRequest {
  readonly owner: AllocationOwner;
  readonly family: 4 | 6;
  /** Who has what, for a plugin that forgets it. */
  readonly holderOf: HolderOf;
}

/** Requests an address and sees to its release on the way back. */
async function claim(
  ipam: Ipam,
  { family, holderOf, ...request }: Claim,
  task: Undertaking,
): Promise<string> {
  const { address } = await ipam.requestAddress(request);
  if (address === "") return address;
  if (ipam.remote) refuseGivenTwice(ipam.name, address, holderOf);
  await given(task, ipam, addressRelease(ipam, request.poolId, address, request.owner));
  if (ipam.remote) refuseAnother(ipam.name, address, { family, wanted: request.address });
  return address;
}

function addressRelease({ name }: Ipam, poolId: string, cidr: string, owner: AllocationOwner): Step {
  return { do: "release-address", ipam: name, poolId, address: addressOf(cidr), owner };
}

/**
 * Takes the pools of a new network, with its gateways and auxiliary addresses.
 *
 * @param avoid what automatic pools keep away from; asked for only when one is chosen automatically
 */
export async function takePools(
  ipam: Ipam,
  driver: Driver,
  options: CheckedNetworkOptions,
  avoid: () => readonly string[],
  task: Undertaking,
): Promise<readonly PoolRecord[]> {
  if (driver.traits.addressless) return [];
  const spaces = await ipam.defaultAddressSpaces();
  const addressSpace = spaces[driver.scope];
  const pools: PoolRecord[] = [];
  for (const family of [4, 6] as const) {
    for (const config of ipamConfigOf(options, family)) {
      pools.push(
        await takePool(
          ipam,
          { addressSpace, family, config, options: options.ipamOptions, avoid, holderOf: holderIn(pools) },
          task,
        ),
      );
    }
  }
  return pools;
}

interface PoolWish {
  readonly addressSpace: string;
  readonly family: 4 | 6;
  readonly config: IpamConfig;
  readonly options: Readonly<Record<string, string>>;
  readonly avoid: () => readonly string[];
  /** What the pools before have. */
  readonly holderOf: HolderOf;
}

async function takePool(ipam: Ipam, wish: PoolWish, task: Undertaking): Promise<PoolRecord> {
  const { addressSpace, family, config, options } = wish;
  const { subnet, ipRange, gateway, auxiliaryAddresses = {} } = config;
  const exact = subnet !== undefined && !/^(0\.0\.0\.0|::)\//.test(subnet);
  const [stray] = exact ? [] : [gateway, ...Object.values(auxiliaryAddresses)].filter(Boolean);
  if (stray !== undefined) {
    const message = `gateway or auxiliary address ${stray} is given without its subnet: give both`;
    throw invalid("address_without_subnet", message, stray);
  }
  const owner = { networkId: task.id };
  const { poolId, pool, data } = await ipam.requestPool({
    addressSpace,
    owner,
    v6: family === 6,
    options,
    ...(subnet === undefined ? {} : { pool: subnet }),
    ...(ipRange === undefined ? {} : { subPool: ipRange }),
    ...(exact ? {} : { avoid: wish.avoid() }),
  });
  await given(task, ipam, { do: "release-pool", ipam: ipam.name, poolId, owner });
  // An IPAM may have its gateway elsewhere than among the addresses.
  const elsewhere = gateway === undefined ? data?.[gatewayAddressType] : undefined;
  const taken =
    elsewhere ??
    (await claim(
      ipam,
      {
        poolId,
        owner,
        options: gatewayOptions,
        ...(gateway === undefined ? {} : { address: gateway }),
        family,
        holderOf: wish.holderOf,
      },
      task,
    ));
  const own = taken === "" ? {} : { gateway: taken };
  const auxiliary: Record<string, string> = {};
  const holderOf = (one: string) =>
    wish.holderOf(one) ?? holderIn([{ ...own, auxiliaryAddresses: auxiliary }])(one);
  for (const [name, address] of Object.entries(auxiliaryAddresses)) {
    auxiliary[name] = await claim(ipam, { poolId, owner, address, family, holderOf }, task);
  }
  return {
    family,
    addressSpace,
    poolId,
    pool,
    ...(ipRange === undefined ? {} : { subPool: ipRange }),
    ...own,
    auxiliaryAddresses: auxiliary,
  };
}

/** Takes again, after a restart, what a stored network held. */
export async function replayPool(ipam: Ipam, record: PoolRecord): Promise<void> {
  const { addressSpace, family, pool, subPool, poolId, gateway, auxiliaryAddresses } = record;
  await ipam.requestPool({
    addressSpace,
    v6: family === 6,
    ...(pool === "" ? {} : { pool }),
    ...(subPool === undefined ? {} : { subPool }),
  });
  if (gateway !== undefined)
    await ipam.requestAddress({ poolId, address: addressOf(gateway), options: gatewayOptions });
  for (const cidr of Object.values(auxiliaryAddresses))
    await ipam.requestAddress({ poolId, address: addressOf(cidr) });
}

/** What gives everything back that a network took: the last step comes first. */
export function poolReleases(
  ipam: Ipam,
  networkId: string,
  { poolId, gateway, auxiliaryAddresses }: PoolRecord,
): readonly Step[] {
  const addresses = [...Object.values(auxiliaryAddresses).reverse(), gateway];
  const owner = { networkId };
  return [
    { do: "release-pool", ipam: ipam.name, poolId, owner },
    ...addresses
      .filter((cidr) => cidr !== undefined)
      .map((cidr) => addressRelease(ipam, poolId, cidr, owner)),
  ];
}

/** What the driver is told of pools. */
export function ipamData(pools: readonly PoolRecord[], family: 4 | 6): readonly IpamData[] {
  return pools
    .filter((pool) => pool.family === family)
    .map(({ addressSpace, pool, gateway, auxiliaryAddresses }) => ({
      addressSpace,
      pool,
      gateway,
      auxiliaryAddresses,
    }));
}

export interface AddressWish {
  readonly family: 4 | 6;
  /** Undefined: the next free one. */
  readonly address: string | undefined;
  readonly mac: string;
  readonly owner: AllocationOwner;
}

/** The pool that an address belongs to: the one that contains it, or the first. */
function poolFor(
  pools: readonly PoolRecord[],
  { family, address }: Pick<AddressWish, "family" | "address">,
): PoolRecord | undefined {
  const candidates = pools.filter((pool) => pool.family === family && pool.pool !== "");
  if (address === undefined) return candidates[0];
  const ip = parseIp(address, family);
  return candidates.find(({ pool }) => parseCidr(pool).contains(ip)) ?? candidates[0];
}

/**
 * An address for an endpoint or a service, as CIDR; undefined where the network has none of the family.
 *
 * @throws family_disabled where one was asked for all the same; address_given_twice, plugin_answer_invalid of an IPAM that is a plugin
 */
export async function takeAddress(
  network: NetworkCore,
  wish: AddressWish,
  task: Undertaking,
): Promise<string | undefined> {
  const { ipam, record } = network;
  const pool = poolFor(record.pools, wish);
  if (pool === undefined) {
    if (wish.address === undefined) return undefined;
    throw invalid(
      "family_disabled",
      `${wish.address}: the network has no IPv${wish.family} subnet: leave the address out, or use a network that has one`,
      wish.address,
    );
  }
  const options = ipam.capabilities.requiresMacAddress ? { [macAddressOption]: wish.mac } : undefined;
  return claim(
    ipam,
    {
      poolId: pool.poolId,
      owner: wish.owner,
      ...(wish.address === undefined ? {} : { address: wish.address }),
      ...(options === undefined ? {} : { options }),
      family: wish.family,
      holderOf: holderOn(network),
    },
    task,
  );
}

/** Takes again, after a restart, an endpoint's address. */
export async function replayAddress(
  ipam: Ipam,
  pools: readonly PoolRecord[],
  cidr: string,
  chosenByUser: boolean,
  mac = "",
): Promise<void> {
  const pool = poolOfAddress(pools, cidr);
  if (pool === undefined) return;
  const told = ipam.capabilities.requiresMacAddress ? { options: { [macAddressOption]: mac } } : {};
  const options = chosenByUser ? told : { options: { [requestAddressType]: replayedAddressType } };
  await ipam.requestAddress({ poolId: pool.poolId, address: addressOf(cidr), ...options });
}

/** What gives an endpoint's addresses back; the last step comes first. */
export function addressReleases(
  ipam: Ipam,
  pools: readonly PoolRecord[],
  owner: AllocationOwner,
  { ipv4, ipv6 }: EndpointInterface,
): readonly Step[] {
  return [ipv6, ipv4].flatMap((cidr) => {
    const pool = cidr === undefined ? undefined : poolOfAddress(pools, cidr);
    return cidr === undefined || pool === undefined ? [] : [addressRelease(ipam, pool.poolId, cidr, owner)];
  });
}

function poolOfAddress(pools: readonly PoolRecord[], cidr: string): PoolRecord | undefined {
  const family = familyOf(cidr);
  return poolFor(pools, { family, address: addressOf(cidr) });
}
