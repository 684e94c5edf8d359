/**
 * Which service is meant.
 */
import type { Service } from "@causeway/daemon/api";
import type { Client } from "../../client/client.ts";
import { findInNetwork } from "../in-network.ts";

export const serviceHelp = "name, network/name, id, or beginning of an id";

/** The service, whole. */
export function findService(client: Client, reference: string): Promise<Service> {
  return findInNetwork(client, "service", reference);
}
