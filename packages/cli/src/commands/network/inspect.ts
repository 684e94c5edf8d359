/**
 * causeway network inspect
 */
import type { Endpoint, Network } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions } from "../../output/inspected.ts";
import { inspectEach } from "../inspecting.ts";
import { named } from "../names.ts";

interface Options extends InspectOptions {
  readonly verbose?: boolean;
}

export const inspect: CommandDefinition<Options> = {
  define: (command) =>
    addInspectOptions(command.argument("<network...>", "names, ids, or beginnings of ids")).option(
      "-v, --verbose",
      "with its endpoints, whole",
    ),
  examples: [
    { line: "causeway network inspect n1", says: "all that there is to know" },
    {
      line: "causeway network inspect --format '{{range .pools}}{{.subnet}} {{end}}' n1 n2",
      says: "the subnets, a line for each network",
    },
    { line: "causeway network inspect --verbose n1", says: "with its endpoints" },
  ],
  completes: ["network"],
  run: (call) =>
    inspectEach(call, ["configFrom"], (reference) =>
      named(call.client, "network", reference, async () => {
        const network = await call.client.get<Network>(path("networks", reference));
        if (call.options.verbose !== true) return network;
        const endpoints = await call.client.list<Endpoint>(path("networks", network.id, "endpoints"));
        return { ...network, endpoints };
      }),
    ),
};
