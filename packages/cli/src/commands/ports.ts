/**
 * Published ports as Docker's users write them: `[[ADDRESS:][HOST]:]PORT[/PROTOCOL]`, with ranges.
 */
import type { BindingSelector, PublishedPort } from "@causeway/daemon/api";
import { usageError } from "../errors.ts";
import { given } from "./options.ts";

const protocols = ["tcp", "udp", "sctp"] as const;

/** @throws usage error */
export function publishedPort(text: string): PublishedPort {
  const { protocol, address, host, container } = split(text);
  const [containerPort, containerPortEnd] = range(container, text);
  const [hostPort, hostPortEnd] = host === undefined ? [] : range(host, text);
  return {
    containerPort,
    ...given({ protocol, containerPortEnd, hostAddress: address, hostPort, hostPortEnd }),
  };
}

/** What is to be taken back: the same form, without ranges. */
export function bindingSelector(text: string): BindingSelector {
  const { containerPort, containerPortEnd, hostPortEnd, protocol, hostAddress, hostPort } =
    publishedPort(text);
  if (containerPortEnd !== undefined || hostPortEnd !== undefined)
    throw usageError(`"${text}" is a range: give its ports one by one`);
  return { containerPort, ...given({ protocol, hostAddress, hostPort }) };
}

function split(text: string) {
  const [, address, host, container = "", written] =
    text.match(/^(?:(?:(\[[^\]]+\]|[^:[\]]+):)?([\d-]*):)?([\d-]+)(?:\/(\w+))?$/) ?? [];
  const protocol = protocols.find((known) => known === written?.toLowerCase());
  if (container === "" || (written !== undefined && protocol === undefined))
    throw usageError(
      `"${text}" is no port to publish: write [[ADDRESS:]HOST:]PORT[/tcp|udp|sctp], as 8080:80`,
    );
  return {
    protocol,
    address: address?.replace(/^\[(.*)\]$/, "$1"),
    host: host === "" ? undefined : host,
    container,
  };
}

function range(ports: string, text: string): readonly [number, number | undefined] {
  const [, first, last] = ports.match(/^(\d{1,5})(?:-(\d{1,5}))?$/) ?? [];
  if (first === undefined) throw usageError(`"${ports}" in "${text}" is no port`);
  const end = last === undefined ? undefined : Number(last);
  for (const port of [Number(first), end ?? Number(first)])
    if (port < 1 || port > 65535) throw usageError(`"${port}" in "${text}" is no port: there are 1 to 65535`);
  if (end !== undefined && end < Number(first))
    throw usageError(`"${ports}" in "${text}" ends before it begins`);
  return [Number(first), end];
}

/** `0.0.0.0:8080->80/tcp` */
export function bindingText(binding: {
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
}): string {
  const { hostAddress, hostPort, containerPort, protocol } = binding;
  const address = hostAddress.includes(":") ? `[${hostAddress}]` : hostAddress;
  return `${address}:${hostPort}->${containerPort}/${protocol}`;
}
