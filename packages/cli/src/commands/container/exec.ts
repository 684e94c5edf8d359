/**
 * causeway exec
 */
import type { ContainerExec, Launch } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { collect, given } from "../options.ts";
import { startLaunch } from "./attached.ts";
import { exitCodeOf } from "./complaints.ts";
import { environment } from "./environment.ts";
import { checkTerminal } from "./terminal.ts";

interface Options {
  readonly tty?: boolean;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}

export const exec: CommandDefinition<Options> = {
  define: (command) =>
    command
      .passThroughOptions()
      .argument("<container>", "name, id, or beginning of an id")
      .argument("<command...>", "what runs in it")
      .option("-t, --tty", "with a terminal")
      .option("-i, --interactive", "reads our standard input, as it always does")
      .option("-e, --env <name[=value]>", "a variable; without a value, ours", collect)
      .option("-w, --workdir <directory>", "where it starts")
      .option("-u, --user <uid[:gid]>", "who it runs as, in numbers"),
  examples: [
    { line: "causeway exec web ip addr", says: "its interfaces, as it sees them" },
    { line: "causeway exec -it web sh", says: "a shell in it" },
  ],
  completes: ["container", "none"],
  async run({ client, args: [container = "", ...command], options }) {
    const { tty: terminal, env = [], workdir: workingDirectory, user } = options;
    checkTerminal(terminal);
    const body: ContainerExec = {
      command,
      ...given({ environment: [...environment(env)], workingDirectory, user, terminal }),
    };
    const launch = await client.post<Launch>(`${path("containers", container)}/exec`, body);
    return exitCodeOf(await startLaunch(launch), launch.complaints);
  },
};
