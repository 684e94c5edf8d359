/**
 * Which endpoint is meant.
 */
import type { Endpoint } from "@causeway/daemon/api";
import type { Client } from "../../client/client.ts";
import { findInNetwork } from "../in-network.ts";

export const endpointHelp = "name, network/name, id, or beginning of an id";

/** The endpoint, whole. */
export function findEndpoint(client: Client, reference: string): Promise<Endpoint> {
  return findInNetwork(client, "endpoint", reference);
}
