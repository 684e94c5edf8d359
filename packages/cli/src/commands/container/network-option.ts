/**
 * `--network NET[:ip=..,ip6=..,mac=..,alias=..,link=..,named-port=..,service=..,ifname=..,gw-priority=..]`, and what annotations say the same way.
 */
import type { ContainerNetwork } from "@causeway/daemon/api";
import { usageError } from "../../errors.ts";
import { nearest } from "../../output/nearest.ts";
import { linksOf, type NameOptions, namedPortOf, nameOptions } from "../name-options.ts";
import { wholeNumber } from "../options.ts";

/** What stands instead of networks. */
export interface Connections {
  readonly networks?: ContainerNetwork[];
  readonly shareWith?: string;
}

const settings: Readonly<Record<string, (network: ContainerNetwork, value: string) => ContainerNetwork>> = {
  ip: (network, value) => ({ ...network, ipv4: value }),
  ip6: (network, value) => ({ ...network, ipv6: value }),
  mac: (network, value) => ({ ...network, mac: value }),
  alias: (network, value) => ({ ...network, aliases: [...(network.aliases ?? []), value] }),
  link: (network, value) => ({ ...network, links: { ...network.links, ...linksOf([value]) } }),
  "named-port": (network, value) => ({
    ...network,
    namedPorts: [...(network.namedPorts ?? []), namedPortOf(value)],
  }),
  service: (network, value) => ({ ...network, service: { name: value } }),
  ifname: (network, value) => ({ ...network, interfaceName: value }),
  "gw-priority": (network, value) => ({ ...network, gatewayPriority: wholeNumber(value) }),
};

/** @throws usage error */
export function connections(texts: readonly string[]): Connections {
  const shared = texts.find((text) => text.startsWith("container:"));
  if (shared === undefined) return texts.length === 0 ? {} : { networks: texts.map(containerNetwork) };
  if (texts.length > 1) throw usageError(`--network ${shared} stands alone: leave the others out`);
  const shareWith = shared.slice("container:".length);
  if (shareWith === "") throw usageError(`--network ${shared} names no container`);
  return { shareWith };
}

/**
 * Names that stand beside `--network`, in the first network, as Docker has it.
 *
 * @throws usage error where there is none
 */
export function withNames({ networks, ...others }: Connections, options: NameOptions): Connections {
  const names = nameOptions(options);
  if (Object.keys(names).length === 0) return { ...(networks && { networks }), ...others };
  const [first, ...more] = networks ?? [];
  if (first === undefined)
    throw usageError("--alias, --link and --named-port are names in a network: name one by --network");
  const { aliases = [], links = {}, namedPorts = [] } = names;
  const named = {
    ...first,
    aliases: [...(first.aliases ?? []), ...aliases],
    links: { ...first.links, ...links },
    namedPorts: [...(first.namedPorts ?? []), ...namedPorts],
  };
  return { networks: [named, ...more] };
}

function containerNetwork(text: string): ContainerNetwork {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  if (name === "") throw usageError(`--network "${text}" names no network`);
  let network: ContainerNetwork = { network: name };
  if (colon < 0) return network;
  for (const setting of text.slice(colon + 1).split(",")) {
    const equals = setting.indexOf("=");
    const key = setting.slice(0, Math.max(0, equals));
    const value = setting.slice(equals + 1);
    const set = Object.hasOwn(settings, key) ? settings[key] : undefined;
    if (set === undefined || value === "") {
      const known = Object.keys(settings);
      const near = nearest(key === "" ? setting : key, known);
      const mend =
        near === undefined ? `there are ${known.join(", ")}, each with a value` : `did you mean ${near}=...?`;
      throw usageError(`--network "${text}": "${setting}" is not understood: ${mend}`);
    }
    network = set(network, value);
  }
  return network;
}
