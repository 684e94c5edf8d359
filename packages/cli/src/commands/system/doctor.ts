/**
 * causeway doctor
 */
import type { Health } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { exitCodes } from "../../errors.ts";
import { jsonLines } from "../../output/json.ts";
import { whileWaiting } from "../../output/progress.ts";
import { healthText } from "./health.ts";

interface Options {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const doctor: CommandDefinition<Options> = {
  define: (command) =>
    command.option("--json", "what was found, as data").option("-q, --quiet", "the codes alone, one a line"),
  examples: [
    {
      line: "causeway doctor",
      says: "what is not as it should be, each with its mend; status 1 where something is",
    },
    { line: "causeway doctor --quiet || causeway repair", says: "mend what can be mended" },
  ],
  async run({ client, output, options }) {
    const health = await whileWaiting(output, "looking at everything", client.get<Health>("/doctor"));
    const { ok, items } = health;
    if (options.json === true) output.write(jsonLines(health));
    else if (options.quiet === true) for (const { code } of items) output.write(`${code}\n`);
    else if (items.length === 0)
      output.write(`${output.paint("green", "✓")} everything is as it should be\n`);
    else output.write(`${healthText(items, output)}\n${items.length} found\n`);
    return ok ? exitCodes.ok : exitCodes.refused;
  },
};
