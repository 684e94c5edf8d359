/**
 * causeway inspect: whatever has the name; a container before a network, that before an endpoint, and a service last.
 */
import type { Container, Network } from "@causeway/daemon/api";
import { type Client, path } from "../client/client.ts";
import { ApiError } from "../client/failure.ts";
import type { CommandDefinition } from "../command.ts";
import { CliError, exitCodes, usageError } from "../errors.ts";
import { addInspectOptions, type InspectOptions } from "../output/inspected.ts";
import { suggestion, suggestionOrAll } from "../output/nearest.ts";
import * as container from "./container/listing.ts";
import { findEndpoint } from "./endpoint/find.ts";
import * as endpoint from "./endpoint/listing.ts";
import { inspectEach } from "./inspecting.ts";
import { named, namesOf } from "./names.ts";
import { findService } from "./service/find.ts";
import * as service from "./service/listing.ts";

const kinds = ["container", "network", "endpoint", "service"] as const;
type Kind = (typeof kinds)[number];

interface Options extends InspectOptions {
  readonly type?: string;
}

export const inspect: CommandDefinition<Options> = {
  define: (command) =>
    addInspectOptions(
      command.argument(
        "<name...>",
        "of containers, networks, endpoints or services: names, ids, or beginnings of ids",
      ),
    ).option("--type <kind>", `what it is, where several have the name: ${kinds.join(", ")}`),
  examples: [
    { line: "causeway inspect web", says: "all that there is to know" },
    {
      line: "causeway inspect --format '{{.state}} {{.pid}}' web",
      says: "whether it runs, and as which process",
    },
    {
      line: "causeway inspect --type network web",
      says: "the network, though a container has the name, too",
    },
  ],
  completes: ["object"],
  completesOptions: { "--type": kinds },
  async run(call) {
    const { client, options } = call;
    const wanted = kindOf(options.type);
    const find = wanted === undefined ? findAny : (one: Client, name: string) => finders[wanted](one, name);
    const optional = new Set<string>([
      ...container.optionalFields,
      ...endpoint.optionalFields,
      ...service.optionalFields,
      "configFrom",
    ]);
    return inspectEach(call, [...optional], (reference) => find(client, reference));
  },
};

const finders: Readonly<Record<Kind, (client: Client, reference: string) => Promise<object>>> = {
  container: (client, reference) =>
    named(client, "container", reference, () => client.get<Container>(path("containers", reference))),
  network: (client, reference) =>
    named(client, "network", reference, () => client.get<Network>(path("networks", reference))),
  endpoint: findEndpoint,
  service: findService,
};

async function findAny(client: Client, reference: string): Promise<object> {
  const plain = [path("containers", reference), path("networks", reference)];
  for (const find of [
    ...plain.map((from) => () => client.get<object>(from)),
    () => findEndpoint(client, reference),
    () => findService(client, reference),
  ]) {
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "not_found") throw error;
    }
  }
  const hint = suggestion(reference, await namesOf(client, "object"));
  throw new CliError(
    exitCodes.notFound,
    `there is no container, network, endpoint or service "${reference}"${hint}`,
  );
}

function kindOf(text: string | undefined): Kind | undefined {
  const kind = kinds.find((known) => known === text);
  if (text === undefined || kind !== undefined) return kind;
  throw usageError(`--type: there is no kind "${text}"${suggestionOrAll(text, kinds)}`);
}
