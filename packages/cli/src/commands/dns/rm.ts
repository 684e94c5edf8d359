/**
 * causeway dns rm
 */
import type { NameRecords } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { printable } from "../../output/printable.ts";
import { named } from "../names.ts";
import { recordLines, recordSelectors, recordTypeOf, valueHelp } from "./records.ts";

export const rm: CommandDefinition = {
  define: (command) =>
    command
      .argument("<network>", "name, id, or beginning of an id")
      .argument("<name>", "whose records go")
      .argument("[type]", "of these alone")
      .argument("[value...]", `these alone: ${valueHelp}`),
  examples: [
    { line: "causeway dns rm front db", says: "every record of this name" },
    { line: "causeway dns rm front db A 192.0.2.1", says: "one of its addresses; prints what is left" },
  ],
  completes: ["network", "none", "record-type", "none"],
  async run({ client, output, args: [network = "", name = "", type, ...values] }) {
    const records = recordSelectors(name, type === undefined ? undefined : recordTypeOf(type), values);
    const left = await named(client, "network", network, () =>
      client.post<NameRecords>(path("networks", network, "records", "remove"), { records }),
    );
    for (const line of recordLines(left.records, name)) output.write(`${printable(line)}\n`);
    return undefined;
  },
};
