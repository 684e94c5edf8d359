/**
 * `--service`: the service that an endpoint belongs to from its making.
 */
import type { EndpointCreate } from "@causeway/daemon/api";
import type { Command } from "commander";
import { usageError } from "../errors.ts";

export interface ServiceOption {
  readonly service?: string;
  readonly unhealthy?: boolean;
}

export function addServiceOption(command: Command): Command {
  return command
    .option("--service <name>", "it is one of this service's, which is there in the network")
    .option("--unhealthy", "it does not count before it is said to be healthy");
}

/** @throws usage error for a health without a service */
export function serviceOption({ service, unhealthy }: ServiceOption): Pick<EndpointCreate, "service"> {
  if (service !== undefined)
    return { service: { name: service, ...(unhealthy === true && { healthy: false }) } };
  if (unhealthy === true) throw usageError("--unhealthy is about a service: name it by --service");
  return {};
}
