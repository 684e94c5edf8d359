/**
 * causeway sandbox refresh
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { addFileOptions, type FileOptions, fileOptions } from "./files.ts";

export const refresh: CommandDefinition<FileOptions> = {
  define: (command) =>
    addFileOptions(command.argument("<sandbox>", "name, container id, id, or beginning of an id")),
  examples: [
    { line: "causeway sandbox refresh c1", says: "every interface is made anew" },
    { line: "causeway sandbox refresh --dns 10.0.0.53 c1", says: "with another name server" },
  ],
  completes: ["sandbox"],
  async run({ client, output, args: [reference = ""], options }) {
    const asked = client.post(path("sandboxes", reference, "refresh"), fileOptions(options));
    await named(client, "sandbox", reference, () => whileWaiting(output, `refreshing ${reference}`, asked));
    return undefined;
  },
};
