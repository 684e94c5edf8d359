/**
 * causeway repair
 */
import type { HealthItem, Repair } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { exitCodes } from "../../errors.ts";
import { jsonLines } from "../../output/json.ts";
import { whileWaiting } from "../../output/progress.ts";
import { healthText } from "./health.ts";

interface Options {
  readonly json?: boolean;
}

export const repair: CommandDefinition<Options> = {
  define: (command) => command.option("--json", "what was mended and what is left, as data"),
  examples: [
    {
      line: "causeway repair",
      says: "mends what is ours; status 1 where something is left that it cannot mend",
    },
  ],
  async run({ client, output, options }) {
    const done = await whileWaiting(output, "mending", client.post<Repair>("/repair"));
    if (options.json === true) output.write(jsonLines(done));
    else {
      for (const item of done.mended) output.write(`${output.paint("green", "✓")} mended: ${said(item)}\n`);
      if (done.left.length > 0) output.write(`${healthText(done.left, output)}\n${done.left.length} left\n`);
      else if (done.mended.length === 0) output.write("there was nothing to mend\n");
    }
    return done.left.length === 0 ? exitCodes.ok : exitCodes.refused;
  },
};

function said({ message, code }: HealthItem): string {
  return `${message} (${code})`;
}
