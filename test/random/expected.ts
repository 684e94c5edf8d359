// What the kernel holds where the model is as it is: lines as `facts.ts` reads them.

import type { PortBinding } from "@causeway/libnetwork";
import { isHeld } from "./commands/ports.ts";
import {
  byKey,
  hasNamespace,
  type Model,
  type ModelEndpoint,
  type ModelNetwork,
  type ModelSandbox,
  networkOf,
} from "./model.ts";

export function expectedFacts(model: Model): readonly string[] {
  return [
    ...model.networks.filter(({ type }) => type === "bridge").flatMap(networkFacts),
    ...model.endpoints.flatMap(({ bindings }) => bindings.filter(isHeld).map(heldPort)),
    ...model.sandboxes.flatMap((sandbox) => sandboxFacts(model, sandbox)),
  ].sort();
}

function networkFacts({ name, subnet, ipv4, ipv6, mode, icc }: ModelNetwork): string[] {
  const bridge = `br(${name})`;
  const hosts = mode === "isolated" ? [] : gatewaysOf({ subnet, ipv4, ipv6 });
  return [
    `host link ${bridge} of -`,
    ...hosts.map((cidr) => `host address ${cidr} on ${bridge}`),
    ...(ipv6 && mode !== "isolated" ? [`host address link-local(${bridge})/64 on ${bridge}`] : []),
    `nft bridges "${bridge}"`,
    `nft within ${icc ? "accept" : "apart"} ${bridge}`,
  ];
}

function gatewaysOf({ subnet, ipv4, ipv6 }: Pick<ModelNetwork, "subnet" | "ipv4" | "ipv6">): string[] {
  return [...(ipv4 ? [`172.30.${subnet}.1/24`] : []), ...(ipv6 ? [`fd00:${subnet}::1/64`] : [])];
}

function heldPort({ protocol, hostAddress, hostPort }: PortBinding): string {
  const address = hostAddress.includes(":") ? `[${hostAddress}]` : hostAddress;
  return `host port ${protocol} ${address}:${hostPort}`;
}

/** An endpoint with its network, and its interface in a sandbox. */
interface Attached {
  readonly endpoint: ModelEndpoint;
  readonly network: ModelNetwork;
  readonly name: string | undefined;
}

function sandboxFacts(model: Model, sandbox: ModelSandbox): string[] {
  const { name, stack, hostname, joined } = sandbox;
  if (stack === "shared") return [];
  const attached = joined.flatMap(({ endpoint: key, interface: made }): Attached[] => {
    const endpoint = byKey(model.endpoints, key);
    return endpoint === undefined ? [] : [{ endpoint, network: networkOf(model, endpoint), name: made }];
  });
  const addresses = attached.flatMap(({ endpoint: { ipv4, ipv6 } }) => [ipv4, ipv6]);
  const hosts = addresses.filter((address) => hostname !== undefined && address !== undefined);
  return [
    `folder (${name})`,
    `hosts (${name}) ${hosts.map((address) => `${address} ${hostname}`).join(", ")}`,
    ...(stack === "own" || (stack === "outer" && hasNamespace(sandbox)) ? [`sandbox (${name})`] : []),
    ...attached.flatMap((one) => interfaceFacts(name, one)),
    ...([4, 6] as const).flatMap((family) => routeFacts(name, family, attached)),
    ...attached.filter(({ network }) => network.type === "bridge").flatMap(portFacts),
  ];
}

function interfaceFacts(sandbox: string, { endpoint, network, name }: Attached): string[] {
  if (name === undefined) return [];
  const { ipv4, ipv6 } = endpoint;
  return [
    `host link veth(${network.name}/${endpoint.name}) of br(${network.name})`,
    `sandbox (${sandbox}) link ${name} mac ${macOf(endpoint, network)}`,
    ...(ipv4 === undefined ? [] : [`sandbox (${sandbox}) address ${ipv4}/24 on ${name}`]),
    ...(ipv6 === undefined
      ? []
      : [ipv6, linkLocalOf(endpoint, network)].map(
          (ip) => `sandbox (${sandbox}) address ${ip}/64 on ${name}`,
        )),
  ];
}

/** The MAC says the IPv4 address; without one it is random. */
function macOf({ name, ipv4 }: ModelEndpoint, network: ModelNetwork): string {
  if (ipv4 === undefined) return `mac(${network.name}/${name})`;
  return ["02", "42", ...ipv4.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"))].join(":");
}

function linkLocalOf({ name, ipv4 }: ModelEndpoint, network: ModelNetwork): string {
  if (ipv4 === undefined) return `link-local(${network.name}/${name})`;
  const hex = ipv4.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  const last = Number.parseInt(`${hex[2]}${hex[3]}`, 16).toString(16);
  return `fe80::42:${hex[0]}ff:fe${hex[1]}:${last}`;
}

/** The way out by the first gateway; the others have a table of their own, for what is sent from their addresses. */
function routeFacts(sandbox: string, family: 4 | 6, attached: readonly Attached[]): string[] {
  const offering = attached.filter(({ network, name }) => {
    return name !== undefined && network.type === "bridge" && !network.internal && network[`ipv${family}`];
  });
  const [first, ...others] = offering.sort(byPrecedence);
  if (first === undefined) return [];
  const via = ({ subnet }: ModelNetwork) => (family === 4 ? `172.30.${subnet}.1` : `fd00:${subnet}::1`);
  const route = ({ network, name }: Attached, table: string) =>
    `sandbox (${sandbox}) route default via ${via(network)} by ${name} table ${table}`;
  return [
    route(first, "254"),
    ...others.flatMap((other) => [
      route(other, `${other.name}`),
      `sandbox (${sandbox}) rule IPv${family} 10001 from ${other.endpoint[`ipv${family}`]} table ${other.name}`,
    ]),
    ...(others.length > 0 ? [`sandbox (${sandbox}) rule IPv${family} 10000 from all table 254`] : []),
  ];
}

/** docs/guide/sandboxes.md, "Several networks". */
function byPrecedence(a: Attached, b: Attached): number {
  const families = ({ network }: Attached) => Number(network.ipv4) + Number(network.ipv6);
  return (
    b.endpoint.priority - a.endpoint.priority ||
    families(b) - families(a) ||
    (a.network.name < b.network.name ? -1 : a.network.name > b.network.name ? 1 : 0)
  );
}

/** What the packet filter has of an endpoint that has joined. */
function portFacts({ endpoint, network }: Attached): string[] {
  const port = `veth(${network.name}/${endpoint.name})`;
  const mac = macOf(endpoint, network);
  const { ipv4, ipv6, bindings } = endpoint;
  const published = bindings.flatMap((binding) => publishedFacts(binding));
  return [
    `nft guarded "${port}"`,
    `nft macs ${port} ${mac}`,
    ...(ipv4 === undefined ? [] : [`nft owners4 ${port} ${mac} ${ipv4}`]),
    ...(ipv6 === undefined
      ? []
      : [ipv6, linkLocalOf(endpoint, network)].map((address) => `nft owners6 ${port} ${mac} ${address}`)),
    ...new Set(published),
  ];
}

function publishedFacts(binding: PortBinding): string[] {
  const { protocol, hostAddress, hostPort, containerAddress, containerPort } = binding;
  const family = containerAddress.includes(":") ? 6 : 4;
  const opened = `nft opened${family} ${protocol} ${containerAddress} ${containerPort}`;
  if (!isHeld(binding)) return [opened];
  // A relay of the controller's carries it, not the kernel.
  if (hostAddress === "::1" || hostAddress.includes(":") !== (family === 6)) return [];
  const target = `${containerAddress} ${containerPort}`;
  if (hostAddress.startsWith("127.")) {
    return [`nft published${family} ${protocol} ${hostAddress} ${hostPort} ${target}`];
  }
  return [opened, `nft published_any${family} ${protocol} ${hostPort} ${target}`];
}
