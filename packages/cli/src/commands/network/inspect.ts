/**
 * causeway network inspect
 */
import type { Endpoint, Network } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions, showInspected } from "../../output/inspected.ts";
import { named } from "../names.ts";
import { forEach } from "../several.ts";

interface Options extends InspectOptions {
  readonly verbose?: boolean;
}

export const inspect: CommandDefinition<Options> = {
  define: (command) =>
    addInspectOptions(command.argument("<network...>", "names, ids, or beginnings of ids")).option(
      "-v, --verbose",
      "with its endpoints, whole",
    ),
  examples: [
    { line: "causeway network inspect n1", says: "all that there is to know" },
    {
      line: "causeway network inspect --format '{{range .pools}}{{.subnet}} {{end}}' n1 n2",
      says: "the subnets, a line for each network",
    },
    { line: "causeway network inspect --verbose n1", says: "with its endpoints" },
  ],
  completes: ["network"],
  async run({ client, output, args, options }) {
    const found: object[] = [];
    const status = await forEach(args, output, (reference) =>
      named(client, "network", reference, async () => {
        const network = await client.get<Network>(path("networks", reference));
        if (options.verbose !== true) found.push(network);
        else {
          const endpoints = await client.list<Endpoint>(path("networks", network.id, "endpoints"));
          found.push({ ...network, endpoints });
        }
      }),
    );
    showInspected(output, found, options, ["configFrom"]);
    return status;
  },
};
