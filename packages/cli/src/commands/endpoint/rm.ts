/**
 * causeway endpoint rm
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { forEach } from "../several.ts";
import { endpointHelp, findEndpoint } from "./find.ts";

interface Options {
  readonly force?: boolean;
}

export const rm: CommandDefinition<Options> = {
  define: (command) =>
    command.argument("<endpoint...>", endpointHelp).option("-f, --force", "take it out of its sandbox first"),
  examples: [
    { line: "causeway endpoint rm web", says: "its address and ports are free again" },
    { line: "causeway endpoint rm --force n1/web n1/db", says: "in a sandbox or not" },
  ],
  completes: ["endpoint"],
  run: ({ client, output, args, options }) =>
    forEach(args, output, async (reference) => {
      const { id } = await findEndpoint(client, reference);
      const query = options.force === true ? { force: true } : {};
      await whileWaiting(output, `removing ${reference}`, client.delete(path("endpoints", id), { query }));
      output.write(`${reference}\n`);
    }),
};
