/**
 * causeway dns add
 */
import type { NameRecords } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { printable } from "../../output/printable.ts";
import { named } from "../names.ts";
import { given, wholeNumber } from "../options.ts";
import { recordLines, recordsData, recordTypeOf, valueHelp } from "./records.ts";

interface Options {
  readonly ttl?: number;
}

export const add: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<network>", "name, id, or beginning of an id")
      .argument("<name>", "as it is asked for in the network; *.app for all below app")
      .argument("<type>", "A, AAAA, CNAME, TXT or SRV")
      .argument("<value...>", valueHelp)
      .option("--ttl <seconds>", "how long an answer may be kept (default: 600)", wholeNumber),
  examples: [
    { line: "causeway dns add front db A 192.0.2.1 192.0.2.2", says: "two addresses, which take turns" },
    { line: "causeway dns add --ttl 30 front site CNAME www.example.org", says: "another name of it" },
    { line: "causeway dns add front _sip._udp.phone SRV 0 5 5060 pbx", says: "where a service is" },
  ],
  completes: ["network", "none", "record-type", "none"],
  async run({ client, output, args: [network = "", name = "", type = "", ...values], options }) {
    const records = recordsData(recordTypeOf(type), values).map((data) => ({
      name,
      ...data,
      ...given({ ttl: options.ttl }),
    }));
    const added = await named(client, "network", network, () =>
      client.post<NameRecords>(path("networks", network, "records"), { records }),
    );
    for (const line of recordLines(added.records, name)) output.write(`${printable(line)}\n`);
    return undefined;
  },
};
