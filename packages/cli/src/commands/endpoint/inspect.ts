/**
 * causeway endpoint inspect
 */
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions } from "../../output/inspected.ts";
import { inspectEach } from "../inspecting.ts";
import { endpointHelp, findEndpoint } from "./find.ts";
import { optionalFields } from "./listing.ts";

export const inspect: CommandDefinition<InspectOptions> = {
  define: (command) => addInspectOptions(command.argument("<endpoint...>", endpointHelp)),
  examples: [
    { line: "causeway endpoint inspect web", says: "all that there is to know" },
    { line: "causeway endpoint inspect --format '{{.ipv4}}' n1/web", says: "its address" },
  ],
  completes: ["endpoint"],
  run: (call) => inspectEach(call, optionalFields, (reference) => findEndpoint(call.client, reference)),
};
