/**
 * causeway service inspect
 */
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions } from "../../output/inspected.ts";
import { inspectEach } from "../inspecting.ts";
import { findService, serviceHelp } from "./find.ts";
import { optionalFields } from "./listing.ts";

export const inspect: CommandDefinition<InspectOptions> = {
  define: (command) => addInspectOptions(command.argument("<service...>", serviceHelp)),
  examples: [
    { line: "causeway service inspect web", says: "all that there is to know, its members among it" },
    {
      line: "causeway service inspect --format '{{range .members}}{{.endpoint.name}} {{.state}} {{end}}' web",
      says: "who serves, and who does not",
    },
  ],
  completes: ["service"],
  run: (call) => inspectEach(call, optionalFields, (reference) => findService(call.client, reference)),
};
