/**
 * causeway endpoint healthy, causeway endpoint unhealthy
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { forEach } from "../several.ts";
import { endpointHelp, findEndpoint } from "./find.ts";

export const healthy = command(true, {
  line: "causeway endpoint healthy web-1",
  says: "new connections to its service are led to it",
});

export const unhealthy = command(false, {
  line: "causeway endpoint unhealthy web-1",
  says: "no new connection is led to it; those that stand go on",
});

function command(isHealthy: boolean, example: CommandDefinition["examples"][number]): CommandDefinition {
  return {
    define: (defined) => defined.argument("<endpoint...>", endpointHelp),
    examples: [example],
    completes: ["endpoint"],
    run: ({ client, output, args }) =>
      forEach(args, output, async (reference) => {
        const { id } = await findEndpoint(client, reference);
        const asked = client.post(path("endpoints", id, "health"), { healthy: isHealthy });
        await whileWaiting(output, `changing ${reference}`, asked);
      }),
  };
}
