/**
 * Which hosts there are, told to drivers of global scope that want to know.
 */
import { familyOf } from "../../address/ip.ts";
import type { HostsListener } from "../../contracts/cluster.ts";
import type { Driver } from "../../contracts/driver.ts";
import type { ClusterHost } from "../../contracts/overlay.ts";

export class Discovery implements HostsListener {
  readonly #self: string;
  readonly #hosts = new Map<string, ClusterHost>();
  readonly #drivers = new Set<Driver>();

  /** @param self id of this host */
  constructor(self: string) {
    this.#self = self;
  }

  /** From now on it is told; first of those that are there. */
  introduce(driver: Driver): void {
    if (this.#drivers.has(driver) || driver.discoverNew === undefined) return;
    this.#drivers.add(driver);
    for (const host of this.#hosts.values()) void this.#tell(driver, "discoverNew", host);
  }

  came(host: ClusterHost): void {
    this.#hosts.set(host.id, host);
    for (const driver of this.#drivers) void this.#tell(driver, "discoverNew", host);
  }

  /** Others that are said to be reached at the same address. */
  twinsOf({ id, address }: ClusterHost): readonly ClusterHost[] {
    return [...this.#hosts.values()].filter((other) => other.id !== id && other.address === address);
  }

  /** Others that are reached by the other version of IP. */
  ofOtherFamily({ address }: ClusterHost): readonly ClusterHost[] {
    const family = familyOf(address);
    return [...this.#hosts.values()].filter((other) => familyOf(other.address) !== family);
  }

  went(host: ClusterHost): void {
    this.#hosts.delete(host.id);
    for (const driver of this.#drivers) void this.#tell(driver, "discoverDelete", host);
  }

  /** As dockerd, which goes on where a driver fails to take note. */
  async #tell(driver: Driver, call: "discoverNew" | "discoverDelete", host: ClusterHost): Promise<void> {
    try {
      await driver[call]?.(host, host.id === this.#self);
    } catch (error) {
      process.emitWarning(`the ${driver.type} driver was not told of host ${host.name}: ${String(error)}`);
    }
  }
}
