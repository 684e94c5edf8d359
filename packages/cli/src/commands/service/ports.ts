/**
 * Ports of a service as they are written: `[HOST:]PORT[:TARGET][/PROTOCOL]`, what is asked for and the members', and before both, where there are
 * three, that of every host of the cluster.
 */
import type { ServiceCreate, ServicePort } from "@causeway/daemon/api";
import { usageError } from "../../errors.ts";
import { given } from "../options.ts";

type WantedPort = NonNullable<ServiceCreate["ports"]>[number];

const protocols = ["tcp", "udp"] as const;

/** @throws usage error */
export function servicePort(text: string): WantedPort {
  const [, digits, written] = text.match(/^(\d{1,5}(?::\d{1,5}){0,2})(?:\/(\w+))?$/) ?? [];
  const protocol = protocols.find((known) => known === written?.toLowerCase());
  if (digits === undefined || (written !== undefined && protocol === undefined))
    throw usageError(
      `--port "${text}" is no port of a service: write PORT[:TARGET][/tcp|udp], as 80:8080, or HOSTPORT:PORT:TARGET, as 8000:80:8080`,
    );
  const numbers = digits.split(":").map(Number);
  for (const number of numbers)
    if (number < 1 || number > 65535)
      throw usageError(`--port "${text}": ${number} is no port: there are 1 to 65535`);
  const [port = 0, targetPort] = numbers.length === 3 ? numbers.slice(1) : numbers;
  const hostPort = numbers.length === 3 ? numbers[0] : undefined;
  return { port, ...given({ protocol, targetPort, hostPort }) };
}

/** `80->8080/tcp`, and `host:8000->80->8080/tcp` where every host leads to it. */
export function servicePortText({ port, targetPort, hostPort, protocol }: ServicePort): string {
  const inside = port === targetPort ? `${port}/${protocol}` : `${port}->${targetPort}/${protocol}`;
  return hostPort === undefined ? inside : `host:${hostPort}->${inside}`;
}
