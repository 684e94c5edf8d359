/**
 * Which endpoint is meant: `NAME`, an id, the beginning of one, or `NETWORK/NAME` where several networks have the name.
 */
import type { Endpoint } from "@causeway/daemon/api";
import { type Client, path } from "../../client/client.ts";
import { usageError } from "../../errors.ts";
import { named } from "../names.ts";

export const endpointHelp = "name, network/name, id, or beginning of an id";

/** The endpoint, whole. */
export function findEndpoint(client: Client, reference: string): Promise<Endpoint> {
  const slash = reference.indexOf("/");
  if (slash < 0) return named(client, "endpoint", reference, () => byNameOrId(client, reference));
  const [network, name] = [reference.slice(0, slash), reference.slice(slash + 1)];
  return named(client, "network", network, () =>
    named(client, "endpoint", name, () => client.get(path("networks", network, "endpoints", name))),
  );
}

/** The daemon knows endpoints by their ids: names are a network's own. */
async function byNameOrId(client: Client, reference: string): Promise<Endpoint> {
  const listed = await client.list<Endpoint>("/endpoints", { query: { name: reference } });
  const [found, ...more] = listed.filter(({ name }) => name === reference);
  if (found === undefined) return client.get(path("endpoints", reference));
  if (more.length === 0) return found;
  const choices = [found, ...more].map(({ network, name }) => `${network.name}/${name}`);
  throw usageError(`several networks have an endpoint "${reference}": write ${choices.join(" or ")}`);
}
