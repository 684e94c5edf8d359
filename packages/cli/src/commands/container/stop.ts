/**
 * causeway stop
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { given, wholeNumber } from "../options.ts";
import { forEach } from "../several.ts";

interface Options {
  readonly signal?: string;
  readonly time?: number;
}

export const stop: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<container...>", "names, ids, or beginnings of ids")
      .option("-s, --signal <signal>", "sent first (default: SIGTERM)")
      .option("-t, --time <seconds>", "until it is killed (default: 10)", wholeNumber),
  examples: [
    { line: "causeway stop web", says: "it has ten seconds to end" },
    { line: "causeway stop -t 0 web db", says: "at once" },
  ],
  completes: ["container"],
  run: ({ client, output, args, options: { signal, time: seconds } }) =>
    forEach(args, output, async (reference) => {
      const stopped = client.post(`${path("containers", reference)}/stop`, given({ signal, seconds }));
      await named(client, "container", reference, () =>
        whileWaiting(output, `stopping ${reference}`, stopped),
      );
      output.write(`${reference}\n`);
    }),
};
