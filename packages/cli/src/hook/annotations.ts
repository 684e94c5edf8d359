/**
 * How a container is to be connected, from its annotations: the options of `causeway run`, several values separated by ";".
 */
import type { Adoption } from "@causeway/daemon/api";
import { connections } from "../commands/container/network-option.ts";
import { given } from "../commands/options.ts";
import { publishedPort } from "../commands/ports.ts";
import { fileOptions } from "../commands/sandbox/files.ts";
import { usageError } from "../errors.ts";
import { nearest } from "../output/nearest.ts";

const prefix = "causeway.";
const names = [
  "network",
  "publish",
  "hostname",
  "domainname",
  "add-host",
  "dns",
  "dns-search",
  "dns-option",
  "label",
] as const;
type Name = (typeof names)[number];

/** @throws usage error for what is not understood, that begins with "causeway." */
export function adoptionOf(annotations: Readonly<Record<string, string>>, pid: number): Adoption {
  const wished = new Map<Name, readonly string[]>();
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(prefix)) continue;
    wished.set(
      nameIn(key),
      value
        .split(";")
        .map((part) => part.trim())
        .filter((part) => part !== ""),
    );
  }
  const all = (name: Name) => wished.get(name) ?? [];
  const networks = all("network");
  const elsewhere = networks.find((network) => network === "host" || network.startsWith("container:"));
  if (elsewhere !== undefined)
    throw usageError(
      `annotation causeway.network: "${elsewhere}" is for the runtime to arrange: it has made a namespace of the container's own`,
    );
  const [hostname] = all("hostname");
  const [domainname] = all("domainname");
  return {
    pid,
    ...connections(networks),
    ...given({ publish: all("publish").map(publishedPort) }),
    ...fileOptions({
      ...(hostname !== undefined && { hostname }),
      ...(domainname !== undefined && { domainname }),
      addHost: all("add-host"),
      dns: all("dns"),
      dnsSearch: all("dns-search"),
      dnsOption: all("dns-option"),
      label: all("label"),
    }),
  };
}

function nameIn(key: string): Name {
  const name = key.slice(prefix.length);
  const known = names.find((one) => one === name);
  if (known !== undefined) return known;
  const near = nearest(name, names);
  const mend = near === undefined ? `there are ${names.join(", ")}` : `did you mean ${prefix}${near}?`;
  throw usageError(`annotation "${key}" is not understood: ${mend}`);
}
