/**
 * Subnets with what belongs to each: Docker's client puts ranges, gateways and auxiliary addresses to the subnet that they are in.
 */
import { BlockList, isIP } from "node:net";
import type { NetworkCreate } from "@causeway/daemon/api";
import { usageError } from "../../errors.ts";
import { given, strictPairs } from "../options.ts";

export interface IpamOptions {
  readonly subnet?: readonly string[];
  readonly ipRange?: readonly string[];
  readonly gateway?: readonly string[];
  readonly auxAddress?: readonly string[];
  readonly ipamDriver?: string;
  readonly ipamOpt?: readonly string[];
}

type Ipam = NonNullable<NetworkCreate["ipam"]>;
type Config = NonNullable<Ipam["config"]>[number];

export function ipamOf(options: IpamOptions): Ipam | undefined {
  const configs = (options.subnet ?? []).map((subnet) => ({
    subnet,
    holds: holder(subnet),
    config: { subnet } as Config,
  }));
  const place = (option: string, address: string, change: (config: Config) => Config) => {
    const found = configs.find(({ holds }) => holds(address));
    if (found === undefined)
      throw usageError(`${option} ${address} is in no --subnet: give the subnet that it is of`);
    found.config = change(found.config);
  };
  for (const ipRange of options.ipRange ?? [])
    place("--ip-range", ipRange.split("/")[0] ?? "", (config) =>
      once("--ip-range", config, "ipRange", ipRange),
    );
  for (const gateway of options.gateway ?? [])
    place("--gateway", gateway, (config) => once("--gateway", config, "gateway", gateway));
  for (const [name, address] of Object.entries(strictPairs("--aux-address", options.auxAddress))) {
    place("--aux-address", address, (config) => ({
      ...config,
      auxiliaryAddresses: { ...config.auxiliaryAddresses, [name]: address },
    }));
  }
  const ipam = given({
    driver: options.ipamDriver,
    options: options.ipamOpt && strictPairs("--ipam-opt", options.ipamOpt),
    config: configs.map(({ config }) => config),
  });
  return Object.keys(ipam).length === 0 ? undefined : ipam;
}

function once(option: string, config: Config, field: "ipRange" | "gateway", value: string): Config {
  if (config[field] === undefined) return { ...config, [field]: value };
  throw usageError(`subnet ${config.subnet} has one ${option}: ${config[field]} and ${value} were given`);
}

/** Whether an address is in the subnet. What is no subnet is left to the daemon to refuse. */
function holder(subnet: string): (address: string) => boolean {
  const [network = "", size = ""] = subnet.split("/");
  const version = isIP(network);
  if (version === 0 || !/^\d{1,3}$/.test(size) || Number(size) > (version === 4 ? 32 : 128))
    return () => true;
  const list = new BlockList();
  list.addSubnet(network, Number(size), version === 4 ? "ipv4" : "ipv6");
  return (address) => isIP(address) === version && list.check(address, version === 4 ? "ipv4" : "ipv6");
}
