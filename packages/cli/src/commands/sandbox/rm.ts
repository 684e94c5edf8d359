/**
 * causeway sandbox rm
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { forEach } from "../several.ts";

interface Options {
  readonly endpoints?: boolean;
}

export const rm: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<sandbox...>", "names, container ids, ids, or beginnings of ids")
      .option("--endpoints", "its endpoints with it; otherwise they stay, and may join another"),
  examples: [
    { line: "causeway sandbox rm c1", says: "its endpoints keep their addresses and ports" },
    { line: "causeway sandbox rm --endpoints c1 c2", says: "nothing is left" },
  ],
  completes: ["sandbox"],
  run: ({ client, output, args, options }) =>
    forEach(args, output, async (reference) => {
      const query = options.endpoints === true ? { endpoints: "delete" } : {};
      const deleted = client.delete(path("sandboxes", reference), { query });
      await named(client, "sandbox", reference, () => whileWaiting(output, `removing ${reference}`, deleted));
      output.write(`${reference}\n`);
    }),
};
