/**
 * causeway inspect
 */
import type { Container } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions } from "../../output/inspected.ts";
import { inspectEach } from "../inspecting.ts";
import { named } from "../names.ts";
import { optionalFields } from "./listing.ts";

export const inspect: CommandDefinition<InspectOptions> = {
  define: (command) =>
    addInspectOptions(command.argument("<container...>", "names, ids, or beginnings of ids")),
  examples: [
    { line: "causeway inspect web", says: "all that there is to know" },
    {
      line: "causeway inspect --format '{{.state}} {{.pid}}' web",
      says: "whether it runs, and as which process",
    },
  ],
  completes: ["container"],
  run: (call) =>
    inspectEach(call, optionalFields, (reference) =>
      named(call.client, "container", reference, () =>
        call.client.get<Container>(path("containers", reference)),
      ),
    ),
};
