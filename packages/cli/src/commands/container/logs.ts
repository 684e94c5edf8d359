/**
 * causeway logs
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { named } from "../names.ts";
import { wholeNumber } from "../options.ts";

interface Options {
  readonly follow?: boolean;
  readonly tail?: number;
}

export const logs: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<container>", "name, id, or beginning of an id")
      .option("-f, --follow", "what comes, too, until it ends")
      .option("-n, --tail <lines>", "the last ones alone (default: all)", wholeNumber),
  examples: [
    { line: "causeway logs web", says: "what it wrote" },
    { line: "causeway logs -f --tail 10 web", says: "the last lines, and what comes" },
  ],
  completes: ["container"],
  run: ({ client, output, args: [container = ""], options: { follow, tail }, signal }) =>
    named(client, "container", container, async () => {
      const query = { follow, tail };
      const written = client.stream(`${path("containers", container)}/logs`, { query, signal });
      for await (const part of written) output.write(part);
      return undefined;
    }),
};
