/**
 * causeway service rm
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { forEach } from "../several.ts";
import { findService, serviceHelp } from "./find.ts";

export const rm: CommandDefinition = {
  define: (command) => command.argument("<service...>", serviceHelp),
  examples: [{ line: "causeway service rm web n2/db", says: "their endpoints have to be gone before" }],
  completes: ["service"],
  run: ({ client, output, args }) =>
    forEach(args, output, async (reference) => {
      const { id } = await findService(client, reference);
      await whileWaiting(output, `removing ${reference}`, client.delete(path("services", id)));
      output.write(`${reference}\n`);
    }),
};
