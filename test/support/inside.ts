// Looking into a sandbox: its interfaces, addresses and routes, as its kernel has them.

import { readFileSync } from "node:fs";
import { address, isKernelError, link, Rtnl, readSysctl, route } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { namespaceOf } from "./host.ts";

/** Asks the kernel something inside a sandbox. */
export function inside<T>(sandbox: Sandbox, question: (rtnl: Rtnl) => T): T {
  using namespace = namespaceOf(sandbox);
  using rtnl = new Rtnl(namespace);
  return question(rtnl);
}

/** Names of the interfaces that are up, loopback left out, in the order of their making. */
export function interfacesOf(sandbox: Sandbox): string[] {
  return inside(sandbox, (rtnl) =>
    rtnl
      .dump(link.list())
      .filter((item) => item.name !== "lo" && link.isUp(item))
      .map(({ name }) => name),
  );
}

/** CIDRs of an interface, link-local ones left out. */
export function addressesOf(sandbox: Sandbox, name: string): string[] {
  return inside(sandbox, (rtnl) => {
    const { index } = rtnl.query(link.get({ name }));
    return rtnl
      .dump(address.list({ link: index }))
      .filter((item) => !item.address.startsWith("fe80:"))
      .map((item) => `${item.address}/${item.prefixLength}`);
  });
}

/** The way that a packet to an address outside would take: `172.30.0.1 by eth0`; undefined where there is none. */
export function wayOut(sandbox: Sandbox, family: 4 | 6, source?: string): string | undefined {
  const destination = family === 4 ? "198.51.100.1" : "2001:db8:51::1";
  return inside(sandbox, (rtnl) => {
    try {
      const found = rtnl.query(route.lookup(destination, source === undefined ? {} : { source }));
      const by = rtnl.findLink({ index: found.link ?? 0 });
      return `${found.gateway ?? "on-link"} by ${by?.name}`;
    } catch (error) {
      if (isKernelError(error, "ENETUNREACH")) return undefined;
      throw error;
    }
  });
}

/** A setting under /proc/sys as the sandbox sees it. */
export function sysctlOf(sandbox: Sandbox, key: string): string {
  using namespace = namespaceOf(sandbox);
  return namespace.run(() => readSysctl(key));
}

/** The lines of the sandbox's hosts file that are about this machine's own addresses. */
export function hostsOf(sandbox: Sandbox): string {
  return readFileSync(sandbox.files.hosts, "utf8");
}
