/**
 * Turning on forwarding in the host, and what that must not cost it.
 *
 * A host that forwards IPv6 stops believing router advertisements and loses its default route, unless accept_ra is 2
 * (networking/ip-sysctl.rst): interfaces that believe them are told to go on before forwarding is turned on.
 */
import { link, type NetNamespace, type Rtnl, readSysctl, writeSysctl } from "@causeway/kernel";
import type { DriverMemory } from "../../contracts/driver.ts";
import type { Firewall, ForeignForwarding, NetworkPolicy } from "../../contracts/firewall.ts";
import type { HealthItem } from "../../contracts/health.ts";

const ipv4Key = "net/ipv4/ip_forward";
const ipv6Key = "net/ipv6/conf/all/forwarding";

export interface ForwardingOptions {
  /** Turn on what is needed and is off. */
  readonly enable: boolean;
  /** Where we turned it on: what becomes of traffic between interfaces that are not ours. */
  readonly foreign: ForeignForwarding;
}

export interface ForwardingParts {
  readonly host: NetNamespace;
  readonly rtnl: Rtnl;
  readonly firewall: Firewall;
  /** Outlives the process: true where we turned forwarding on. */
  readonly memory: DriverMemory;
}

export class Forwarding {
  readonly #options: ForwardingOptions;
  readonly #parts: ForwardingParts;

  constructor(options: ForwardingOptions, parts: ForwardingParts) {
    this.#options = options;
    this.#parts = parts;
    // We turned it on in an earlier run, and it still is on our account.
    if (parts.memory.read() === true) parts.firewall.setForeignForwarding(options.foreign);
  }

  /** What is off of that which these networks need. */
  inspect(policies: readonly NetworkPolicy[]): readonly HealthItem[] {
    const { enable } = this.#options;
    const open = policies.filter(({ internal }) => !internal);
    return this.#parts.host.run(() => {
      const items: HealthItem[] = [];
      if (open.some(({ ipv4 }) => ipv4 !== undefined) && readSysctl(ipv4Key) === "0")
        items.push(forwardingItem("IPv4", "net.ipv4.ip_forward", enable));
      if (open.some(({ ipv6 }) => ipv6 !== undefined) && readSysctl(ipv6Key) === "0")
        items.push(forwardingItem("IPv6", "net.ipv6.conf.all.forwarding", enable));
      return items;
    });
  }

  /**
   * Turns on what a network needs. Before that it is remembered that we did, and what is not ours is kept from being
   * forwarded: a process that is killed in between leaves no router.
   */
  provideFor({ internal, ipv4, ipv6 }: NetworkPolicy): void {
    if (internal || !this.#options.enable) return;
    const { host, rtnl, firewall, memory } = this.#parts;
    host.run(() => {
      const wants4 = ipv4 !== undefined && readSysctl(ipv4Key) === "0";
      const wants6 = ipv6 !== undefined && readSysctl(ipv6Key) === "0";
      if (!wants4 && !wants6) return;
      if (memory.read() !== true) {
        memory.write(true);
        firewall.setForeignForwarding(this.#options.foreign);
      }
      if (wants6) {
        keepAdvertisedRoutes(rtnl);
        writeSysctl(ipv6Key, 1);
      }
      if (wants4) writeSysctl(ipv4Key, 1);
    });
  }
}

function forwardingItem(family: string, key: string, enable: boolean): HealthItem {
  return {
    code: "forwarding_off",
    nature: enable ? "altered" : "host",
    subject: { kind: "host" },
    message: `the host does not forward ${family} (${key} is 0), and networks reach nothing outside by it`,
    mend: enable
      ? "call repair(), and keep what turns it off from doing so"
      : `turn it on with "sysctl -w ${key}=1", or let the controller do it: drivers.bridge.enableForwarding`,
    repairable: enable,
  };
}

function keepAdvertisedRoutes(rtnl: Rtnl): void {
  const names = rtnl.dump(link.list()).map(({ name }) => name);
  for (const name of ["default", ...names]) {
    const key = `net/ipv6/conf/${name}/accept_ra`;
    if (readSysctl(key) === "1") writeSysctl(key, 2);
  }
}
