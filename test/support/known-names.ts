// What stands behind the random names in the kernel: read from the store, not from a controller, which may be dead.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ipToBytes } from "@causeway/kernel";
import type { Endpoint, Network, Sandbox } from "@causeway/libnetwork";
import { linkLocalAddress } from "../../packages/libnetwork/src/address/link-local.ts";

type Stored = {
  readonly network: Network["record"];
  readonly endpoint: Endpoint["record"];
  readonly sandbox: Sandbox["record"];
};

export interface KnownNames {
  /** Puts names of objects in the place of ids, names of links, namespaces and folders, and random addresses. */
  readonly replace: (line: string) => string;
  /** Paths of namespaces that somebody else made, by the first 12 digits of the sandbox's id. */
  readonly adoptedNamespaces: ReadonlyMap<string, string>;
  /** Settings that endpoints make in a sandbox, by the first 12 digits of its id. */
  readonly settings: ReadonlyMap<string, readonly string[]>;
}

const identities =
  /\b[0-9a-f]{64}\b|\b(?:br-|veth|netns\/|sandboxes\/|sandbox )?[0-9a-f]{11,12}\b|\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b|\bfe80::[0-9a-f:]+|\b0xfe80[0-9a-f]{28}\b/g;

/** @param macs of links, by their names in the kernel */
export function knownNames(stateDir: string, macs: ReadonlyMap<string, string>): KnownNames {
  const known = new Map<string, string>();
  const adoptedNamespaces = new Map<string, string>();
  const settings = new Map<string, string[]>();
  const { controllerId, network, endpoint, sandbox } = storedObjects(stateDir);
  const networkNames = new Map(network.map(({ id, name }) => [id, name]));
  known.set(controllerId, "(controller)");
  for (const { id, name } of network) {
    known.set(id, `(network ${name})`).set(`br-${id.slice(0, 12)}`, `br(${name})`);
  }
  for (const { id, containerId, namespace, ownsNamespace, options } of sandbox) {
    const short = id.slice(0, 12);
    for (const place of ["sandbox ", "netns/", "sandboxes/"])
      known.set(place + short, `${place}(${containerId})`);
    known.set(id, `(sandbox ${containerId})`);
    if (namespace === undefined || ownsNamespace || options.useHostNetwork) continue;
    adoptedNamespaces.set(short, namespace.path);
  }
  for (const {
    id,
    networkId,
    name,
    interface: { mac },
    options,
    join: joined,
  } of endpoint) {
    const full = `${networkNames.get(networkId)}/${name}`;
    known.set(id, `(endpoint ${full})`).set(`veth${id.slice(0, 11)}`, `veth(${full})`);
    // One that was asked for, or that says the IPv4 address, is the same in every run.
    if (mac !== options.mac && !mac.startsWith("02:42:")) setMac(mac, full);
    const made = joined?.interface?.name;
    if (joined === undefined || made === undefined) continue;
    const keys = Object.keys(options.sysctls).map((key) => `net/${key.replace("IFNAME", made)}`);
    const short = joined.sandboxId.slice(0, 12);
    settings.set(short, [...(settings.get(short) ?? []), ...keys]);
  }
  for (const [mac, name] of macs) setMac(mac, known.get(name) ?? name);
  return { replace: (line) => line.replaceAll(identities, nameFor), adoptedNamespaces, settings };

  function setMac(mac: string, owner: string): void {
    const linkLocal = linkLocalAddress(mac);
    known.set(mac, `mac(${owner})`);
    // The packet filter shows those of one of its sets as a number.
    for (const text of [linkLocal, `0x${Buffer.from(ipToBytes(linkLocal)).toString("hex")}`]) {
      known.set(text, `link-local(${owner})`);
    }
  }

  function nameFor(found: string): string {
    const name = known.get(found);
    if (name !== undefined) return name;
    if (/^[0-9a-f]{64}$/.test(found)) return "(nobody)";
    const [, place] = found.match(/^(br-|veth|netns\/|sandboxes\/|sandbox )/) ?? [];
    return place === undefined ? found : `${place}(nobody)`;
  }
}

type Objects = { readonly [K in keyof Stored]: readonly Stored[K][] } & { readonly controllerId: string };

/** Nothing where there is no store yet. */
function storedObjects(stateDir: string): Objects {
  try {
    using database = new DatabaseSync(join(stateDir, "causeway.db"), { readOnly: true });
    const query = database.prepare("SELECT value FROM records WHERE kind = ?");
    const all = <T>(kind: string) => query.all(kind).map(({ value }) => JSON.parse(String(value)) as T);
    return {
      controllerId: all<string>("controller")[0] ?? "",
      network: all<Stored["network"]>("network"),
      endpoint: all<Stored["endpoint"]>("endpoint"),
      sandbox: all<Stored["sandbox"]>("sandbox"),
    };
  } catch {
    return { controllerId: "", network: [], endpoint: [], sandbox: [] };
  }
}
