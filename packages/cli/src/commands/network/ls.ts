/**
 * causeway network ls
 */
import type { Network } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { addListOptions, type ListOptions, showList } from "../../output/listing.ts";
import { filtered } from "../filters.ts";
import { collect } from "../options.ts";
import { networkFilters } from "./filters.ts";
import { networkListing } from "./listing.ts";

interface Options extends ListOptions {
  readonly filter?: readonly string[];
}

const filterHelp = "name=value: dangling, driver, id, label, name, scope, type";

export const ls: CommandDefinition<Options> = {
  define: (command) => addListOptions(command).option("-f, --filter <filter>", filterHelp, collect),
  examples: [
    { line: "causeway network ls", says: "every network" },
    { line: "causeway network ls -q --filter driver=bridge --filter label=team=a", says: "ids for a script" },
    {
      line: "causeway network ls --format 'table {{.Name}}\\t{{.IPv6}}'",
      says: "columns of one's own choice",
    },
  ],
  completesOptions: { "--filter": ["dangling=", "driver=", "id=", "label=", "name=", "scope=", "type="] },
  async run({ client, output, options }) {
    const networks = await client.list<Network>("/networks");
    await showList(output, filtered(networks, options.filter, networkFilters), networkListing, options);
    return undefined;
  },
};
