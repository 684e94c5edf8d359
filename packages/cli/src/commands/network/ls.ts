/**
 * causeway network ls
 */
import type { Network } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { addListOptions, type ListOptions, showList } from "../../output/listing.ts";
import { networkListing } from "./listing.ts";

export const ls: CommandDefinition<ListOptions> = {
  define: (command) => addListOptions(command),
  examples: [
    { line: "causeway network ls", says: "every network" },
    { line: "causeway network ls --quiet", says: "their ids alone, for a script" },
  ],
  async run({ client, output, options }) {
    showList(output, await client.list<Network>("/networks"), networkListing, options);
    return undefined;
  },
};
