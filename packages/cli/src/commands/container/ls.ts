/**
 * causeway ls
 */
import type { Container } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { addListOptions, type ListOptions, showList } from "../../output/listing.ts";
import { type Filter, filtered, hasLabel } from "../filters.ts";
import { collect } from "../options.ts";
import { containerListing } from "./listing.ts";

interface Options extends ListOptions {
  readonly all?: boolean;
  readonly filter?: readonly string[];
}

const filters: Readonly<Record<string, Filter<Container>>> = {
  id: ({ id }, value) => id.startsWith(value),
  kind: ({ kind }, value) => kind === value,
  label: ({ labels }, value) => hasLabel(labels, value),
  name: ({ name }, value) => name.includes(value),
  network: ({ networks }, value) =>
    networks.some(({ network }) => network.name === value || network.id.startsWith(value)),
  status: ({ state }, value) => state === value,
};

export const ls: CommandDefinition<Options> = {
  define: (command) =>
    addListOptions(command)
      .option("-a, --all", "those that have ended, too")
      .option("-f, --filter <filter>", `name=value: ${Object.keys(filters).join(", ")}`, collect),
  examples: [
    { line: "causeway ls", says: "what runs, with addresses and ports" },
    { line: "causeway ls -aq --filter status=exited", says: "what has ended" },
  ],
  completesOptions: { "--filter": Object.keys(filters).map((name) => `${name}=`) },
  async run({ client, output, options }) {
    const all = await client.list<Container>("/containers");
    const asksForState = options.filter?.some((text) => text.startsWith("status=")) === true;
    const shown = options.all === true || asksForState ? all : all.filter(({ state }) => state !== "exited");
    await showList(output, filtered(shown, options.filter, filters), containerListing, options);
    return undefined;
  },
};
