/**
 * causeway network rm
 */
import { path } from "../../client/client.ts";
import { ApiError } from "../../client/failure.ts";
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
      .argument("<network...>", "names, ids, or beginnings of ids")
      .option("-f, --force", "what is not there is no error"),
  examples: [
    { line: "causeway network rm n1 n2", says: "two networks; what is refused does not keep the other" },
    { line: "causeway network rm --force n1", says: "gone afterwards, there or not" },
  ],
  completes: ["made-network"],
  run: ({ client, output, args, options }) =>
    forEach(args, output, async (reference) => {
      try {
        const deleted = client.delete(path("networks", reference));
        await named(client, "network", reference, () =>
          whileWaiting(output, `removing ${reference}`, deleted),
        );
      } catch (error) {
        if (options.force === true && error instanceof ApiError && error.kind === "not_found") return;
        throw error;
      }
      output.write(`${reference}\n`);
    }),
};
