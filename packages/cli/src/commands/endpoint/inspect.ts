/**
 * causeway endpoint inspect
 */
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions, showInspected } from "../../output/inspected.ts";
import { forEach } from "../several.ts";
import { endpointHelp, findEndpoint } from "./find.ts";
import { optionalFields } from "./listing.ts";

export const inspect: CommandDefinition<InspectOptions> = {
  define: (command) => addInspectOptions(command.argument("<endpoint...>", endpointHelp)),
  examples: [
    { line: "causeway endpoint inspect web", says: "all that there is to know" },
    { line: "causeway endpoint inspect --format '{{.ipv4}}' n1/web", says: "its address" },
  ],
  completes: ["endpoint"],
  async run({ client, output, args, options }) {
    const found: object[] = [];
    const status = await forEach(args, output, async (reference) => {
      found.push(await findEndpoint(client, reference));
    });
    showInspected(output, found, options, optionalFields);
    return status;
  },
};
