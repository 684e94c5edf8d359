/**
 * causeway backup
 */
import type { Backup, BackupCreate } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { showMade } from "../../output/made.ts";
import { whileWaiting } from "../../output/progress.ts";
import { given } from "../options.ts";

interface Options {
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

export const backup: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("[name]", "of the file, in the daemon's directory of backups (default: made of the time)")
      .option("--overwrite", "one that is there already")
      .option("--json", "path and size, as data"),
  examples: [
    { line: "causeway backup", says: "the store as it is now, while everything goes on; prints its path" },
    { line: "causeway backup --overwrite nightly.db", says: "under a name of one's own" },
  ],
  completes: ["none"],
  async run({ client, output, args: [name], options }) {
    const body: BackupCreate = given({ name, overwrite: options.overwrite });
    const made = await whileWaiting(output, "backing up", client.post<Backup>("/backups", body));
    showMade(output, made, made.path, options.json);
    return undefined;
  },
};
