/**
 * Which endpoint is meant: `NAME`, an id, the beginning of one, or `NETWORK/NAME` where several networks have the name.
 */
import type { Endpoint } from "@causeway/daemon/api";
import { type Client, path } from "../../client/client.ts";
import { named } from "../names.ts";

export const endpointHelp = "name, network/name, id, or beginning of an id";

/** The endpoint, whole. */
export function findEndpoint(client: Client, reference: string): Promise<Endpoint> {
  const slash = reference.indexOf("/");
  if (slash < 0) return named(client, "endpoint", reference, () => client.get(path("endpoints", reference)));
  const [network, name] = [reference.slice(0, slash), reference.slice(slash + 1)];
  return named(client, "network", network, () =>
    named(client, "endpoint", name, () => client.get(path("networks", network, "endpoints", name))),
  );
}
