// How large a simulated cluster is, and who is in which network.

export interface Size {
  readonly hosts: number;
  readonly networks: number;
  /** Networks that a host has endpoints in. */
  readonly networksPerHost: number;
  readonly endpointsPerHost: number;
  /** Processes that the hosts are shared out to. */
  readonly processes: number;
}

/** A network by its number. */
export interface PlannedNetwork {
  readonly id: string;
  readonly name: string;
  readonly subnet: string;
  /** The host that makes it. */
  readonly maker: number;
}

export function networkOf({ hosts, networks }: Size, number: number): PlannedNetwork {
  const id = number.toString(16).padStart(64, "0");
  const subnet = `10.${number >> 6}.${(number & 63) << 2}.0/22`;
  return { id, name: `network${number}`, subnet, maker: Math.floor((number * hosts) / networks) };
}

/** Numbers of the networks that a host is in: neighbours share most of theirs, as the tenants of a rack do. */
export function networksOf({ networks, networksPerHost }: Size, host: number): readonly number[] {
  return Array.from({ length: networksPerHost }, (_, slot) => (host * networksPerHost + slot) % networks);
}

/** Hosts of one process, by their numbers. */
export function shareOf({ hosts, processes }: Size, process: number): readonly number[] {
  return Array.from({ length: hosts }, (_, host) => host).filter((host) => host % processes === process);
}
