/**
 * causeway version
 */
import type { Version } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { CliError, exitCodes, messageOf } from "../../errors.ts";
import { addInspectOptions, type InspectOptions } from "../../output/inspected.ts";
import { printable } from "../../output/printable.ts";
import { jsonText } from "../../output/template/print.ts";
import { compileTemplate } from "../../output/template/template.ts";
import { version as ours } from "../../version.ts";

export const version: CommandDefinition<InspectOptions> = {
  define: addInspectOptions,
  examples: [
    { line: "causeway version", says: "of the command line and of the daemon" },
    { line: "causeway version --format '{{.Server.version}}'", says: "the daemon's alone" },
  ],
  async run({ client, output, options: { format, json } }) {
    const { server, error } = await client.get<Version>("/version").then(
      (server) => ({ server, error: undefined }),
      (error: unknown) => ({ server: undefined, error }),
    );
    const both = { Client: { version: ours, node: process.version }, Server: server };
    if (json === true || format === "json") output.write(`${jsonText(both)}\n`);
    else if (format !== undefined) output.write(`${compileTemplate(format)(both)}\n`);
    else output.write(text(both.Client, server));
    if (server !== undefined) return undefined;
    // What could be told has been told.
    output.note(`causeway: ${printable(messageOf(error))}`);
    return error instanceof CliError ? error.exitCode : exitCodes.internal;
  },
};

function text(client: { version: string; node: string }, server: Version | undefined): string {
  const lines = [
    "Client:",
    ` Version:  ${client.version}`,
    ` Node.js:  ${client.node}`,
    ...(server === undefined
      ? []
      : [
          "Server:",
          ` Version:  ${server.version}`,
          ` APIs:     CNM ${server.api.cnm}, Docker ${server.api.dockerMinimum} to ${server.api.docker}`,
          ` Node.js:  ${server.node}`,
          ` Kernel:   ${server.kernel}`,
          ` Drivers:  ${server.drivers.join(", ")}`,
          ` State:    ${server.stateDir}`,
          ` Process:  ${server.pid}, since ${server.started}`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}
