/**
 * causeway dns ls
 */
import type { NameRecords, Network, NetworkName } from "@causeway/daemon/api";
import { type Client, path } from "../../client/client.ts";
import { ApiError } from "../../client/failure.ts";
import type { CommandDefinition } from "../../command.ts";
import { addListOptions, type ListOptions, showList } from "../../output/listing.ts";
import { type Filter, filtered } from "../filters.ts";
import { named } from "../names.ts";
import { collect } from "../options.ts";
import { type NameRow, nameListing, rowOfRecord, rowsOfEndpoint } from "./listing.ts";

interface Options extends ListOptions {
  readonly filter?: readonly string[];
}

const filters: Readonly<Record<string, Filter<NameRow>>> = {
  host: ({ host }, value) => host === value,
  name: ({ name }, value) => name.includes(value),
  of: ({ source }, value) => source === value,
  type: ({ type }, value) => type === value.toUpperCase(),
  value: ({ value: is }, value) => is.includes(value),
};

export const ls: CommandDefinition<Options> = {
  define: (command) =>
    addListOptions(command.argument("[network]", "of this one alone"), "names alone").option(
      "-f, --filter <filter>",
      `name=value: ${Object.keys(filters).join(", ")}`,
      collect,
    ),
  examples: [
    { line: "causeway dns ls", says: "what sandboxes find in every network" },
    { line: "causeway dns ls front --filter of=record", says: "what was added to front" },
    { line: "causeway dns ls --format '{{.Name}} {{.Type}} {{.Value}}'", says: "what a script wants" },
  ],
  completes: ["network"],
  completesOptions: { "--filter": ["host=", "name=", "of=endpoint", "of=record", "type=", "value="] },
  async run({ client, output, args: [network], options }) {
    // What the filters are is looked at before anything is asked.
    filtered([], options.filter, filters);
    const rows = network === undefined ? await rowsOfAll(client) : await rowsOfOne(client, network);
    await showList(output, filtered(rows, options.filter, filters), nameListing, options);
    return undefined;
  },
};

async function rowsOfAll(client: Client): Promise<readonly NameRow[]> {
  const networks = await client.list<Network>("/networks");
  const rows: NameRow[] = [];
  for (const network of networks) {
    // In those that are there from the start no names are answered.
    if (!network.predefined && !network.configOnly) rows.push(...(await rowsOf(client, network).catch(none)));
  }
  return rows;
}

/** Of a network that has gone meanwhile. */
function none(error: unknown): readonly NameRow[] {
  if (error instanceof ApiError && error.code === "network_not_found") return [];
  throw error;
}

function rowsOfOne(client: Client, reference: string): Promise<readonly NameRow[]> {
  return named(client, "network", reference, async () =>
    rowsOf(client, await client.get<Network>(path("networks", reference))),
  );
}

async function rowsOf(client: Client, network: Network): Promise<readonly NameRow[]> {
  const [names, { records }] = await Promise.all([
    client.list<NetworkName>(path("networks", network.id, "names"), { query: { limit: 1000 } }),
    client.get<NameRecords>(path("networks", network.id, "records")),
  ]);
  return [
    ...names.flatMap((name) => rowsOfEndpoint(network, name)),
    ...records.map((record) => rowOfRecord(network, record)),
  ];
}
