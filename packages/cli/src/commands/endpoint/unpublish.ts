/**
 * causeway endpoint unpublish
 */
import type { Binding } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { bindingSelector, bindingText } from "../ports.ts";
import { endpointHelp, findEndpoint } from "./find.ts";

interface Options {
  readonly all?: boolean;
}

export const unpublish: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<endpoint>", endpointHelp)
      .argument("[port...]", "[[ADDRESS:]HOST:]PORT[/PROTOCOL]: what is left out matches any")
      .option("-a, --all", "all of its ports"),
  examples: [
    { line: "causeway endpoint unpublish web 8080:80", says: "this one" },
    { line: "causeway endpoint unpublish --all web", says: "none is left" },
  ],
  completes: ["endpoint", "none"],
  async run({ client, output, args: [reference = "", ...ports], options }) {
    if (ports.length > 0 === (options.all === true)) throw usageError("give ports, or --all, and not both");
    const bindings = options.all === true ? [{}] : ports.map(bindingSelector);
    const { id } = await findEndpoint(client, reference);
    const left = await client.post<{ bindings: Binding[] }>(path("endpoints", id, "unpublish"), { bindings });
    for (const binding of left.bindings) output.write(`${bindingText(binding)}\n`);
    return undefined;
  },
};
