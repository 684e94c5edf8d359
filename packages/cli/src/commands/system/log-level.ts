/**
 * causeway log-level
 */
import type { CommandDefinition } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { suggestionOrAll } from "../../output/nearest.ts";

const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

type Level = (typeof levels)[number];

export const logLevel: CommandDefinition = {
  define: (command) => command.argument("[level]", `${levels.join(", ")} (default: tell which it is)`),
  examples: [
    { line: "causeway log-level", says: "which it is" },
    { line: "causeway log-level debug", says: "until the daemon starts anew" },
  ],
  async run({ client, output, args: [wanted] }) {
    if (wanted === undefined) output.write(`${(await client.get<{ level: Level }>("/log-level")).level}\n`);
    else await client.put("/log-level", { level: levelOf(wanted) });
    return undefined;
  },
};

function levelOf(text: string): Level {
  const level = levels.find((known) => known === text);
  if (level !== undefined) return level;
  throw usageError(`there is no log level "${text}"${suggestionOrAll(text, levels)}`);
}
