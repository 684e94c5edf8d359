/**
 * causeway inspect
 */
import type { Container } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions, showInspected } from "../../output/inspected.ts";
import { named } from "../names.ts";
import { forEach } from "../several.ts";
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
  async run({ client, output, args, options }) {
    const found: object[] = [];
    const status = await forEach(args, output, (reference) =>
      named(client, "container", reference, async () => {
        found.push(await client.get<Container>(path("containers", reference)));
      }),
    );
    showInspected(output, found, options, optionalFields);
    return status;
  },
};
