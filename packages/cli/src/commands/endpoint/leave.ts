/**
 * causeway endpoint leave
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { endpointHelp, findEndpoint } from "./find.ts";

export const leave: CommandDefinition = {
  define: (command) => command.argument("<endpoint>", endpointHelp),
  examples: [
    { line: "causeway endpoint leave web", says: "its connections end; address and ports stay its own" },
  ],
  completes: ["endpoint"],
  async run({ client, output, args: [reference = ""] }) {
    const { id } = await findEndpoint(client, reference);
    await whileWaiting(output, `taking ${reference} out`, client.post(path("endpoints", id, "leave")));
    return undefined;
  },
};
