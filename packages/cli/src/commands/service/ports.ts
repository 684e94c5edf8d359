/**
 * Ports of a service as they are written: `PORT[:TARGET][/PROTOCOL]`, first what is asked for, then the members'.
 */
import type { ServiceCreate, ServicePort } from "@causeway/daemon/api";
import { usageError } from "../../errors.ts";
import { given } from "../options.ts";

type WantedPort = NonNullable<ServiceCreate["ports"]>[number];

const protocols = ["tcp", "udp"] as const;

/** @throws usage error */
export function servicePort(text: string): WantedPort {
  const [, port, target, written] = text.match(/^(\d{1,5})(?::(\d{1,5}))?(?:\/(\w+))?$/) ?? [];
  const protocol = protocols.find((known) => known === written?.toLowerCase());
  if (port === undefined || (written !== undefined && protocol === undefined))
    throw usageError(`--port "${text}" is no port of a service: write PORT[:TARGET][/tcp|udp], as 80:8080`);
  for (const digits of [port, target ?? port])
    if (Number(digits) < 1 || Number(digits) > 65535)
      throw usageError(`--port "${text}": ${digits} is no port: there are 1 to 65535`);
  const targetPort = target === undefined ? undefined : Number(target);
  return { port: Number(port), ...given({ protocol, targetPort }) };
}

/** `80->8080/tcp` */
export function servicePortText({ port, targetPort, protocol }: ServicePort): string {
  return port === targetPort ? `${port}/${protocol}` : `${port}->${targetPort}/${protocol}`;
}
