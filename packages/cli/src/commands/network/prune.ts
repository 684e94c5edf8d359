/**
 * causeway network prune
 */
import type { Network } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { filtered } from "../filters.ts";
import { collect } from "../options.ts";
import { confirmed } from "../question.ts";
import { forEach } from "../several.ts";
import { isDangling, pruneFilters } from "./filters.ts";

interface Options {
  readonly force?: boolean;
  readonly filter?: readonly string[];
}

export const prune: CommandDefinition<Options> = {
  define: (command) =>
    command
      .option("-f, --force", "do not ask")
      .option("--filter <filter>", "name=value: label, label!, until", collect),
  examples: [
    { line: "causeway network prune", says: "asks, and removes every network that nobody is in" },
    { line: "causeway network prune --force --filter until=24h", says: "those that are older than a day" },
  ],
  completesOptions: { "--filter": ["label=", "label!=", "until="] },
  async run({ client, output, options, signal }) {
    const chosen = filtered(
      (await client.list<Network>("/networks")).filter(isDangling),
      options.filter,
      pruneFilters,
    );
    if (chosen.length === 0) return undefined;
    if (options.force !== true) {
      const names = chosen.map(({ name }) => name).join(", ");
      if (!(await confirmed(output, `Remove ${names}`, signal))) return undefined;
    }
    output.write("Deleted Networks:\n");
    const byName = new Map(chosen.map((network) => [network.name, network.id]));
    return forEach([...byName.keys()], output, async (name) => {
      await client.delete(path("networks", byName.get(name) ?? name));
      output.write(`${name}\n`);
    });
  },
};
