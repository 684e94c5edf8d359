/**
 * causeway sandbox hide, causeway sandbox show
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";

export const hide = command("disable-service", {
  line: "causeway sandbox hide c1",
  says: "others are not told its addresses any more: what is under way goes on",
});

export const show = command("enable-service", {
  line: "causeway sandbox show c1",
  says: "others find it by its names again",
});

function command(
  action: "disable-service" | "enable-service",
  example: CommandDefinition["examples"][number],
): CommandDefinition {
  return {
    define: (defined) => defined.argument("<sandbox>", "name, container id, id, or beginning of an id"),
    examples: [example],
    completes: ["sandbox"],
    async run({ client, output, args: [reference = ""] }) {
      const asked = client.post(path("sandboxes", reference, action), {});
      await named(client, "sandbox", reference, () => whileWaiting(output, `changing ${reference}`, asked));
      return undefined;
    },
  };
}
