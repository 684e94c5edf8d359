/**
 * causeway sandbox ls
 */
import type { Sandbox } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { addListOptions, type ListOptions, showList } from "../../output/listing.ts";
import { type Filter, filtered, hasLabel, yesOrNo } from "../filters.ts";
import { collect } from "../options.ts";
import { sandboxListing } from "./listing.ts";

interface Options extends ListOptions {
  readonly filter?: readonly string[];
}

const filters: Readonly<Record<string, Filter<Sandbox>>> = {
  id: ({ id }, value) => id.startsWith(value),
  label: ({ labels }, value) => hasLabel(labels, value),
  lost: ({ lost }, value) => yesOrNo(value) === lost,
  name: ({ name }, value) => name.includes(value),
  network: ({ endpoints }, value) => endpoints.some(({ network }) => network === value),
};

export const ls: CommandDefinition<Options> = {
  define: (command) =>
    addListOptions(command).option(
      "-f, --filter <filter>",
      `name=value: ${Object.keys(filters).join(", ")}`,
      collect,
    ),
  examples: [
    { line: "causeway sandbox ls", says: "every container's network stack" },
    {
      line: "causeway sandbox ls --filter lost=true -q",
      says: "those that a reboot left without a namespace",
    },
  ],
  completesOptions: { "--filter": Object.keys(filters).map((name) => `${name}=`) },
  async run({ client, output, options }) {
    const sandboxes = await client.list<Sandbox>("/sandboxes");
    await showList(output, filtered(sandboxes, options.filter, filters), sandboxListing, options);
    return undefined;
  },
};
