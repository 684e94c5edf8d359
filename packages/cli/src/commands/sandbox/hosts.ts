/**
 * causeway sandbox hosts
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { extraHost } from "./files.ts";

export const hosts: CommandDefinition = {
  define: (command) =>
    command
      .argument("<sandbox>", "name, container id, id, or beginning of an id")
      .argument("[name:address...]", "its extra hosts; host-gateway is the host (default: none any more)"),
  examples: [
    {
      line: "causeway sandbox hosts c1 gate:host-gateway db:10.0.0.7",
      says: "these extra hosts and no others; nothing else of it is touched",
    },
  ],
  completes: ["sandbox", "none"],
  async run({ client, output, args: [reference = "", ...lines] }) {
    const body = { extraHosts: lines.map((line) => extraHost(line)) };
    const asked = client.post(path("sandboxes", reference, "extra-hosts"), body);
    await named(client, "sandbox", reference, () => whileWaiting(output, `changing ${reference}`, asked));
    return undefined;
  },
};
