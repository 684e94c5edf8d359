/**
 * causeway sandbox create
 */
import type { Sandbox, SandboxCreate } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { showMade } from "../../output/made.ts";
import { whileWaiting } from "../../output/progress.ts";
import { given } from "../options.ts";
import { addFileOptions, type FileOptions, fileOptions } from "./files.ts";

interface Options extends FileOptions {
  readonly netns?: string;
  readonly externalKey?: boolean;
  readonly hostNetwork?: boolean;
  readonly shareWith?: string;
  readonly json?: boolean;
}

export const create: CommandDefinition<Options> = {
  define: (command) =>
    addFileOptions(command.argument("<container>", "the container's id, as its owner knows it"))
      .option("--netns <path>", "a namespace that is there already (default: a new one)")
      .option("--external-key", "somebody else makes the namespace, later")
      .option("--host-network", "the host's own network")
      .option("--share-with <sandbox>", "the network stack of another")
      .option("--json", "the sandbox, whole; otherwise its id"),
  examples: [
    { line: "causeway sandbox create c1", says: "a namespace, with its hosts and resolv.conf" },
    {
      line: "causeway sandbox create --netns /run/netns/x --dns 10.0.0.53 c2",
      says: "one that is there already",
    },
  ],
  completes: ["none"],
  completesOptions: { "--netns": "file", "--share-with": "sandbox" },
  async run({ client, output, args: [containerId = ""], options }) {
    const { netns: key, externalKey, hostNetwork: useHostNetwork, shareWith } = options;
    const body: SandboxCreate = {
      containerId,
      ...fileOptions(options),
      ...given({ key, externalKey, useHostNetwork, shareWith }),
    };
    const made = client.post<Sandbox>("/sandboxes", body);
    const sandbox = await whileWaiting(output, `making the sandbox of ${containerId}`, made);
    showMade(output, sandbox, sandbox.id, options.json);
    return undefined;
  },
};
