/**
 * causeway service ls
 */
import type { Service } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { addListOptions, type ListOptions, showList } from "../../output/listing.ts";
import { type Filter, filtered, hasLabel } from "../filters.ts";
import { listIn } from "../names.ts";
import { collect } from "../options.ts";
import { serviceListing } from "./listing.ts";

interface Options extends ListOptions {
  readonly filter?: readonly string[];
}

const filters: Readonly<Record<string, Filter<Service>>> = {
  id: ({ id }, value) => id.startsWith(value),
  label: ({ labels }, value) => hasLabel(labels, value),
  mode: ({ mode }, value) => mode === value,
  name: ({ name }, value) => name.includes(value),
  network: ({ network }, value) => network.name === value || network.id === value,
};

export const ls: CommandDefinition<Options> = {
  define: (command) =>
    addListOptions(command.argument("[network]", "of this one alone")).option(
      "-f, --filter <filter>",
      `name=value: ${Object.keys(filters).join(", ")}`,
      collect,
    ),
  examples: [
    { line: "causeway service ls", says: "those of every network, and how many members serve" },
    { line: "causeway service ls --format '{{.Name}} {{.IPv4}} {{.Serving}}'", says: "what a script wants" },
  ],
  completes: ["network"],
  completesOptions: { "--filter": Object.keys(filters).map((name) => `${name}=`) },
  async run({ client, output, args: [network], options }) {
    const services = await listIn<Service>(client, "services", network);
    await showList(output, filtered(services, options.filter, filters), serviceListing, options);
    return undefined;
  },
};
