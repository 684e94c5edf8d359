/**
 * causeway endpoint join
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { endpointHelp, findEndpoint } from "./find.ts";

export const join: CommandDefinition = {
  define: (command) =>
    command
      .argument("<endpoint>", endpointHelp)
      .argument("<sandbox>", "name, container id, id, or beginning of an id"),
  examples: [
    { line: "causeway endpoint join web s1", says: "the sandbox sends and receives by it from now on" },
  ],
  completes: ["endpoint", "sandbox"],
  async run({ client, output, args }) {
    const [reference = "", sandbox = ""] = args;
    const { id } = await findEndpoint(client, reference);
    const asked = client.post(path("endpoints", id, "join"), { sandbox });
    await named(client, "sandbox", sandbox, () => whileWaiting(output, `joining ${sandbox}`, asked));
    return undefined;
  },
};
