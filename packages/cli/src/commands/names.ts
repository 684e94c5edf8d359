/**
 * Names of what is there: for completion, and for errors that name the nearest.
 */
import type { Container, Endpoint, Network, Sandbox, Service } from "@causeway/daemon/api";
import { type Client, path } from "../client/client.ts";
import { ApiError } from "../client/failure.ts";
import type { NameKind } from "../command.ts";
import { suggestion } from "../output/nearest.ts";
import { recordTypes } from "./dns/records.ts";
import { pluginNames } from "./plugin/plugins.ts";

export async function namesOf(client: Client, kind: NameKind): Promise<readonly string[]> {
  switch (kind) {
    case "network":
      return (await client.list<Network>("/networks")).map(({ name }) => name);
    case "made-network":
      return (await client.list<Network>("/networks"))
        .filter(({ predefined }) => !predefined)
        .map(({ name }) => name);
    case "object":
      return [...(await namesOf(client, "container")), ...(await namesOf(client, "network"))];
    case "endpoint":
      return (await client.list<Endpoint>("/endpoints")).map(({ name }) => name);
    case "service":
      return (await client.list<Service>("/services")).map(({ name }) => name);
    case "sandbox":
      return (await client.list<Sandbox>("/sandboxes")).map(({ containerId }) => containerId);
    case "record-type":
      return recordTypes;
    case "plugin":
      return pluginNames();
    case "container":
      return (await client.list<Container>("/containers")).map(({ name }) => name);
    default:
      return [];
  }
}

/** Lets an error of what was not found name the nearest that is there. */
export async function named<T>(
  client: Client,
  kind: NameKind,
  reference: string,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw await withSuggestion(error, client, kind, reference);
  }
}

/** What networks have of a kind: all of them, or the one that is named. */
export function listIn<T>(
  client: Client,
  collection: "endpoints" | "services",
  network: string | undefined,
): Promise<readonly T[]> {
  if (network === undefined) return client.list<T>(path(collection));
  return named(client, "network", network, () => client.list<T>(path("networks", network, collection)));
}

async function withSuggestion(
  error: unknown,
  client: Client,
  kind: NameKind,
  reference: string,
): Promise<unknown> {
  if (!(error instanceof ApiError) || error.code !== `${kind}_not_found`) return error;
  if (error.message.includes("did you mean")) return error;
  const names = await namesOf(client, kind).catch(() => []);
  const hint = suggestion(reference, names);
  const { status, code, kind: errorKind } = error;
  return new ApiError(status, { code, kind: errorKind, message: `${kind} "${reference}" not found${hint}` });
}
