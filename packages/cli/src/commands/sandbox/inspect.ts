/**
 * causeway sandbox inspect
 */
import type { Sandbox, SandboxStatistics } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions, showInspected } from "../../output/inspected.ts";
import { named } from "../names.ts";
import { forEach } from "../several.ts";
import { optionalFields } from "./listing.ts";

interface Options extends InspectOptions {
  readonly statistics?: boolean;
}

export const inspect: CommandDefinition<Options> = {
  define: (command) =>
    addInspectOptions(command.argument("<sandbox...>", "container ids, ids, or beginnings of ids")).option(
      "--statistics",
      "with the counters of its interfaces",
    ),
  examples: [
    { line: "causeway sandbox inspect c1", says: "all that there is to know" },
    { line: "nsenter --net=$(causeway sandbox inspect -f '{{.key}}' c1) ip addr", says: "look around in it" },
  ],
  completes: ["sandbox"],
  async run({ client, output, args, options }) {
    const found: object[] = [];
    const status = await forEach(args, output, (reference) =>
      named(client, "sandbox", reference, async () => {
        const sandbox = await client.get<Sandbox>(path("sandboxes", reference));
        if (options.statistics !== true) found.push(sandbox);
        else {
          const counted = await client.get<SandboxStatistics>(path("sandboxes", sandbox.id, "statistics"));
          found.push({ ...sandbox, interfaces: counted.interfaces });
        }
      }),
    );
    showInspected(output, found, options, optionalFields);
    return status;
  },
};
