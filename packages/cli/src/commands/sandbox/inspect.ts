/**
 * causeway sandbox inspect
 */
import type { Sandbox, SandboxStatistics } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { addInspectOptions, type InspectOptions } from "../../output/inspected.ts";
import { inspectEach } from "../inspecting.ts";
import { named } from "../names.ts";
import { optionalFields } from "./listing.ts";

interface Options extends InspectOptions {
  readonly statistics?: boolean;
}

export const inspect: CommandDefinition<Options> = {
  define: (command) =>
    addInspectOptions(
      command.argument("<sandbox...>", "names, container ids, ids, or beginnings of ids"),
    ).option("--statistics", "with the counters of its interfaces"),
  examples: [
    { line: "causeway sandbox inspect c1", says: "all that there is to know" },
    { line: "nsenter --net=$(causeway sandbox inspect -f '{{.key}}' c1) ip addr", says: "look around in it" },
  ],
  completes: ["sandbox"],
  run: (call) =>
    inspectEach(call, optionalFields, (reference) =>
      named(call.client, "sandbox", reference, async () => {
        const sandbox = await call.client.get<Sandbox>(path("sandboxes", reference));
        if (call.options.statistics !== true) return sandbox;
        const { interfaces } = await call.client.get<SandboxStatistics>(
          path("sandboxes", sandbox.id, "statistics"),
        );
        return { ...sandbox, interfaces };
      }),
    ),
};
