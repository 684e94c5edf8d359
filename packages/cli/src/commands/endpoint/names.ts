/**
 * causeway endpoint names
 */
import type { Endpoint } from "@causeway/daemon/api";
import { Option } from "commander";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { showMade } from "../../output/made.ts";
import { whileWaiting } from "../../output/progress.ts";
import { addNameOptions, type NameOptions, nameOptions } from "../name-options.ts";
import { endpointHelp, findEndpoint } from "./find.ts";

interface Options extends NameOptions {
  readonly noAliases?: true;
  readonly noLinks?: true;
  readonly noNamedPorts?: true;
  readonly json?: boolean;
}

export const names: CommandDefinition<Options> = {
  define: (command) =>
    addNameOptions(command.argument("<endpoint>", endpointHelp))
      .addOption(none("--clear-aliases", "noAliases", "alias"))
      .addOption(none("--clear-links", "noLinks", "link"))
      .addOption(none("--clear-named-ports", "noNamedPorts", "namedPort"))
      .option("--json", "the endpoint, whole; otherwise its id"),
  examples: [
    {
      line: "causeway endpoint names --alias db --alias sql web",
      says: "these aliases and no others, from the next question on",
    },
    { line: "causeway endpoint names --clear-links web", says: "no links any more; all else stays" },
  ],
  completes: ["endpoint"],
  async run({ client, output, args: [reference = ""], options }) {
    const body = changes(options);
    if (Object.keys(body).length === 0) throw usageError("say what is to change: --alias, --clear-links ...");
    const { id } = await findEndpoint(client, reference);
    const asked = client.post<Endpoint>(path("endpoints", id, "names"), body);
    const endpoint = await whileWaiting(output, `naming ${reference}`, asked);
    showMade(output, endpoint, endpoint.id, options.json);
    return undefined;
  },
};

/** Takes away what `option` adds. */
function none(flag: string, attribute: string, option: keyof NameOptions): Option {
  return new Option(flag, "none of them any more").conflicts(option).implies({ [attribute]: true });
}

/** What is not named stays as it is. */
function changes({ noAliases, noLinks, noNamedPorts, ...named }: Options): ReturnType<typeof nameOptions> {
  return {
    ...nameOptions(named),
    ...(noAliases && { aliases: [] }),
    ...(noLinks && { links: {} }),
    ...(noNamedPorts && { namedPorts: [] }),
  };
}
