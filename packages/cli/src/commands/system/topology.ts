/**
 * causeway topology
 */
import type { CommandDefinition } from "../../command.ts";
import { jsonLines } from "../../output/json.ts";

interface Options {
  readonly json?: boolean;
}

export const topology: CommandDefinition<Options> = {
  define: (command) => command.option("--json", "as data"),
  examples: [
    { line: "causeway topology", says: "networks, bridges and sandboxes as the kernel has them now" },
    { line: "causeway topology --json", says: "the same as data" },
  ],
  async run({ client, output, options }) {
    if (options.json === true) output.write(jsonLines(await client.get("/topology")));
    else output.write(endedLine(await client.text("/topology")));
    return undefined;
  },
};

function endedLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
