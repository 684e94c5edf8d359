/**
 * causeway endpoint ls
 */
import type { Endpoint } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { addListOptions, type ListOptions, showList } from "../../output/listing.ts";
import { type Filter, filtered, hasLabel, yesOrNo } from "../filters.ts";
import { listIn } from "../names.ts";
import { collect } from "../options.ts";
import { endpointListing } from "./listing.ts";

interface Options extends ListOptions {
  readonly filter?: readonly string[];
}

const filters: Readonly<Record<string, Filter<Endpoint>>> = {
  id: ({ id }, value) => id.startsWith(value),
  joined: ({ sandbox }, value) => yesOrNo(value) === (sandbox !== undefined),
  label: ({ labels }, value) => hasLabel(labels, value),
  name: ({ name }, value) => name.includes(value),
  network: ({ network }, value) => network.name === value || network.id === value,
  service: ({ service }, value) => service?.name === value || service?.id === value,
  sandbox: ({ sandbox }, value) => sandbox !== undefined && Object.values(sandbox).includes(value),
};

export const ls: CommandDefinition<Options> = {
  define: (command) =>
    addListOptions(command.argument("[network]", "of this one alone")).option(
      "-f, --filter <filter>",
      `name=value: ${Object.keys(filters).join(", ")}`,
      collect,
    ),
  examples: [
    { line: "causeway endpoint ls", says: "those of every network" },
    { line: "causeway endpoint ls n1 --filter joined=false", says: "those of n1 that are in no sandbox" },
    { line: "causeway endpoint ls --format '{{.Name}} {{.IPv4}} {{.Ports}}'", says: "what a script wants" },
  ],
  completes: ["network"],
  completesOptions: { "--filter": Object.keys(filters).map((name) => `${name}=`) },
  async run({ client, output, args: [network], options }) {
    const endpoints = await listIn<Endpoint>(client, "endpoints", network);
    await showList(output, filtered(endpoints, options.filter, filters), endpointListing, options);
    return undefined;
  },
};
