/**
 * A fresh network namespace as a sandbox wants it: loopback up, nothing forwarded, nobody's router advertisements
 * believed, changes of addresses announced.
 */
import { link, NetNamespace, Rtnl, writeSysctl } from "@causeway/kernel";

type Settings = readonly (readonly [key: string, value: string])[];

/** Kernel documentation: networking/ip-sysctl.rst. */
const announcements: Settings = [["net/ipv4/conf/default/arp_notify", "1"]];
const announcementsIpv6: Settings = [["net/ipv6/conf/default/ndisc_notify", "1"]];
/** A new namespace takes IPv4's forwarding from the initial one. */
const noForwarding: Settings = [["net/ipv4/ip_forward", "0"]];
const noAdvertisements: Settings = [["net/ipv6/conf/default/accept_ra", "0"]];

export function makeSandboxNamespace(ipv6: boolean): NetNamespace {
  const namespace = NetNamespace.create();
  try {
    prepare(namespace, [
      ...noForwarding,
      ...announcements,
      ...(ipv6 ? [...announcementsIpv6, ...noAdvertisements] : []),
    ]);
    return namespace;
  } catch (error) {
    namespace[Symbol.dispose]();
    throw error;
  }
}

/** Makes a namespace that somebody else made fit for our interfaces, and leaves its other settings alone. */
export function prepareNamespace(namespace: NetNamespace, ipv6: boolean): void {
  prepare(namespace, [...announcements, ...(ipv6 ? announcementsIpv6 : [])]);
}

function prepare(namespace: NetNamespace, settings: Settings): void {
  namespace.run(() => {
    for (const [key, value] of settings) writeSysctl(key, value);
    using rtnl = new Rtnl();
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
  });
}
