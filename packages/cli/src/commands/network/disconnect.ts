/**
 * causeway network disconnect
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { given } from "../options.ts";

interface Options {
  readonly force?: boolean;
}

export const disconnect: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<network>", "name, id, or beginning of an id")
      .argument("<container>", "name, id, or beginning of an id")
      .option("-f, --force", "an endpoint whose container is gone, too"),
  examples: [
    { line: "causeway network disconnect n1 web", says: "its connections in n1 end at once" },
    { line: "causeway network disconnect --force n1 web", says: "what is left of a container that is gone" },
  ],
  completes: ["network", "container"],
  async run({ client, output, args, options }) {
    const [network = "", container = ""] = args;
    const body = { network, ...given({ force: options.force }) };
    const asked = () =>
      whileWaiting(
        output,
        `disconnecting ${container}`,
        client.post(path("containers", container, "disconnect"), body),
      );
    await named(client, "network", network, () => named(client, "container", container, asked));
    return undefined;
  },
};
