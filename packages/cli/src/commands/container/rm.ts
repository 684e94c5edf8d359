/**
 * causeway rm
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { forEach } from "../several.ts";

interface Options {
  readonly force?: boolean;
}

export const rm: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<container...>", "names, ids, or beginnings of ids")
      .option("-f, --force", "kill those that run"),
  examples: [
    { line: "causeway rm web", says: "with its log; it has ended" },
    { line: "causeway rm -f web db", says: "whether they run or not" },
  ],
  completes: ["container"],
  run: ({ client, output, args, options: { force } }) =>
    forEach(args, output, async (reference) => {
      const removed = client.delete(path("containers", reference), { query: { force } });
      await named(client, "container", reference, () =>
        whileWaiting(output, `removing ${reference}`, removed),
      );
      output.write(`${reference}\n`);
    }),
};
