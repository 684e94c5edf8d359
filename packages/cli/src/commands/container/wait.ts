/**
 * causeway wait
 */
import type { ContainerEnded } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { named } from "../names.ts";
import { forEach } from "../several.ts";

export const wait: CommandDefinition = {
  define: (command) => command.argument("<container...>", "names, ids, or beginnings of ids"),
  examples: [{ line: "causeway wait job", says: "until it ends; prints its exit code" }],
  completes: ["container"],
  run: ({ client, output, args, signal }) =>
    forEach(args, output, (reference) =>
      named(client, "container", reference, async () => {
        const ended = await client.get<ContainerEnded>(`${path("containers", reference)}/wait`, { signal });
        output.write(`${ended.exitCode}\n`);
      }),
    ),
};
