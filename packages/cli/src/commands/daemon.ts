/**
 * causeway daemon: the one command that does not ask a daemon, but is one. Its flags are the daemon's settings, which it reads itself.
 */
import type { CommandDefinition } from "../command.ts";

export const daemon: CommandDefinition = {
  define(command) {
    command
      .usage("[--config FILE] [--validate] [FLAG]...")
      .argument("[flag...]")
      .helpOption(false)
      .allowUnknownOption();
  },
  examples: [],
  async run({ args }) {
    const { runDaemon } = await import("@causeway/daemon");
    // Ours end a command that is asked twice: a daemon hurries then, and ends by itself.
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
    return runDaemon(args);
  },
};
